# CASE pure loops stay SSA: f
def f(a, b):
    while a < b and b:
        a, b = b, a % b
    return a
# CHECK: func @f(a: any, b: any) -> any {
# CHECK:   locals "a", "b"
# CHECK: ^0(%0: any, %1: any):
# CHECK:     jump ^1(%0, %1)
# CHECK: ^1(%2: any, %3: any):
# CHECK:     %4: any = compare lt %2, %3
# CHECK:     %5: bool = truth %4
# CHECK:     branch %5 -> ^2, ^4
# CHECK: ^2:
# CHECK:     %6: bool = truth %3
# CHECK:     branch %6 -> ^3, ^4
# CHECK: ^3:
# CHECK:     %7: any = binary mod %2, %3
# CHECK:     jump ^1(%3, %7)
# CHECK: ^4:
# CHECK:     keep_alive %3
# CHECK:     return %2
# CHECK: }
# CASE for, else, break: f
def f(xs):
    for x in xs:
        if x:
            break
    else:
        x = 0
    return x
# CHECK: func @f(xs: any) -> any {
# CHECK:   locals "xs", "x"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = get_iter %0
# CHECK:     jump ^1
# CHECK: ^1:
# CHECK:     %2: any = for_iter %1 -> ^2, ^5
# CHECK: ^2:
# CHECK:     %3: bool = truth %2
# CHECK:     branch %3 -> ^3, ^4
# CHECK: ^3:
# CHECK:     jump ^6(%2)
# CHECK: ^4:
# CHECK:     jump ^1
# CHECK: ^5:
# CHECK:     %4: any = const 0
# CHECK:     jump ^6(%4)
# CHECK: ^6(%5: any):
# CHECK:     keep_alive %0
# CHECK:     return %5
# CHECK: }
# CASE a local that may have no value: f
def f(c):
    if c:
        x = 1
    print(x)
    return x
# CHECK: func @f(c: any) -> any {
# CHECK:   locals "c", "x"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = unbound
# CHECK:     %2: bool = truth %0
# CHECK:     branch %2 -> ^1, ^2(%1)
# CHECK: ^1:
# CHECK:     %3: any = const 1
# CHECK:     jump ^2(%3)
# CHECK: ^2(%4: any):
# CHECK:     %5: any = load_global "print"
# CHECK:     %6: any = check_bound "x" %4
# CHECK:     %7: any = call %5(%6)
# CHECK:     keep_alive %0
# CHECK:     return %6
# CHECK: }
# CASE del: f
def f(x):
    del x
    x = 2
    return x
# CHECK: func @f(x: any) -> any {
# CHECK:   locals "x"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = unbound
# CHECK:     keep_alive %0
# CHECK:     %2: any = const 2
# CHECK:     keep_alive %1
# CHECK:     return %2
# CHECK: }
# CASE del in a loop: f
def f(x, n):
    for i in n:
        print(x)
        del x
# CHECK: func @f(x: any, n: any) -> any {
# CHECK:   locals "x", "n", "i"
# CHECK: ^0(%0: any, %1: any):
# CHECK:     %2: any = unbound
# CHECK:     %3: any = get_iter %1
# CHECK:     jump ^1(%0)
# CHECK: ^1(%4: any):
# CHECK:     %5: any = for_iter %3 -> ^2, ^3
# CHECK: ^2:
# CHECK:     %6: any = load_global "print"
# CHECK:     %7: any = check_bound "x" %4
# CHECK:     %8: any = call %6(%7)
# CHECK:     jump ^1(%2)
# CHECK: ^3:
# CHECK:     %9: any = const None
# CHECK:     keep_alive %4, %1
# CHECK:     return %9
# CHECK: }
# CASE conditions are jumps: f
def f(a, b, c):
    if not (a and b) or c:
        return 1
    return 2
# CHECK: func @f(a: any, b: any, c: any) -> any {
# CHECK:   locals "a", "b", "c"
# CHECK: ^0(%0: any, %1: any, %2: any):
# CHECK:     %3: bool = truth %0
# CHECK:     branch %3 -> ^1, ^3
# CHECK: ^1:
# CHECK:     %4: bool = truth %1
# CHECK:     branch %4 -> ^2, ^3
# CHECK: ^2:
# CHECK:     %5: bool = truth %2
# CHECK:     branch %5 -> ^3, ^4
# CHECK: ^3:
# CHECK:     %6: any = const 1
# CHECK:     keep_alive %0, %1, %2
# CHECK:     return %6
# CHECK: ^4:
# CHECK:     %7: any = const 2
# CHECK:     keep_alive %0, %1, %2
# CHECK:     return %7
# CHECK: }
# CASE known conditions: f
def f():
    while True:
        if 0:
            return 1
        if __debug__:
            return 2
# CHECK: func @f() -> any {
# CHECK: ^0:
# CHECK:     jump ^1
# CHECK: ^1:
# CHECK:     jump ^2
# CHECK: ^2:
# CHECK:     jump ^3
# CHECK: ^3:
# CHECK:     jump ^4
# CHECK: ^4:
# CHECK:     %0: any = const 2
# CHECK:     return %0
# CHECK: }
# CASE values of and, or: f
def f(a, b, c):
    return (a and b) or c
# CHECK: func @f(a: any, b: any, c: any) -> any {
# CHECK:   locals "a", "b", "c"
# CHECK: ^0(%0: any, %1: any, %2: any):
# CHECK:     %3: bool = truth %0
# CHECK:     branch %3 -> ^1, ^2
# CHECK: ^1:
# CHECK:     %4: bool = truth %1
# CHECK:     branch %4 -> ^3(%1), ^2
# CHECK: ^2:
# CHECK:     jump ^3(%2)
# CHECK: ^3(%5: any):
# CHECK:     keep_alive %0, %1, %2
# CHECK:     return %5
# CHECK: }
# CASE comparisons in a chain: f
def f(a, b, c):
    if a < b < c:
        return a < b < c
# CHECK: func @f(a: any, b: any, c: any) -> any {
# CHECK:   locals "a", "b", "c"
# CHECK: ^0(%0: any, %1: any, %2: any):
# CHECK:     %3: any = compare lt %0, %1
# CHECK:     %4: bool = truth %3
# CHECK:     branch %4 -> ^1, ^5
# CHECK: ^1:
# CHECK:     %5: any = compare lt %1, %2
# CHECK:     %6: bool = truth %5
# CHECK:     branch %6 -> ^2, ^5
# CHECK: ^2:
# CHECK:     %7: any = compare lt %0, %1
# CHECK:     %8: bool = truth %7
# CHECK:     branch %8 -> ^3, ^4(%7)
# CHECK: ^3:
# CHECK:     %9: any = compare lt %1, %2
# CHECK:     jump ^4(%9)
# CHECK: ^4(%10: any):
# CHECK:     keep_alive %0, %1, %2
# CHECK:     return %10
# CHECK: ^5:
# CHECK:     %11: any = const None
# CHECK:     keep_alive %0, %1, %2
# CHECK:     return %11
# CHECK: }
# CASE conditional expression: f
def f(a, b):
    return a if a > b else b
# CHECK: func @f(a: any, b: any) -> any {
# CHECK:   locals "a", "b"
# CHECK: ^0(%0: any, %1: any):
# CHECK:     %2: any = compare gt %0, %1
# CHECK:     %3: bool = truth %2
# CHECK:     branch %3 -> ^1, ^2
# CHECK: ^1:
# CHECK:     jump ^3(%0)
# CHECK: ^2:
# CHECK:     jump ^3(%1)
# CHECK: ^3(%4: any):
# CHECK:     keep_alive %0, %1
# CHECK:     return %4
# CHECK: }
# CASE elif: f
def f(x):
    if x == 1:
        return 10
    elif x == 2:
        y = 20
    else:
        y = 30
    return y
# CHECK: func @f(x: any) -> any {
# CHECK:   locals "x", "y"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = const 1
# CHECK:     %2: any = compare eq %0, %1
# CHECK:     %3: bool = truth %2
# CHECK:     branch %3 -> ^1, ^2
# CHECK: ^1:
# CHECK:     %4: any = const 10
# CHECK:     keep_alive %0
# CHECK:     return %4
# CHECK: ^2:
# CHECK:     %5: any = const 2
# CHECK:     %6: any = compare eq %0, %5
# CHECK:     %7: bool = truth %6
# CHECK:     branch %7 -> ^3, ^4
# CHECK: ^3:
# CHECK:     %8: any = const 20
# CHECK:     jump ^5(%8)
# CHECK: ^4:
# CHECK:     %9: any = const 30
# CHECK:     jump ^5(%9)
# CHECK: ^5(%10: any):
# CHECK:     keep_alive %0
# CHECK:     return %10
# CHECK: }
# CASE nothing behind return: f
def f():
    return 1
    print(2)
# CHECK: func @f() -> any {
# CHECK: ^0:
# CHECK:     %0: any = const 1
# CHECK:     return %0
# CHECK: }
# CASE assert: f
def f(x):
    assert x > 0, "no"
    return x
# CHECK: func @f(x: any) -> any {
# CHECK:   locals "x"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = const 0
# CHECK:     %2: any = compare gt %0, %1
# CHECK:     %3: bool = truth %2
# CHECK:     branch %3 -> ^2, ^1
# CHECK: ^1:
# CHECK:     %4: any = load_global "AssertionError"
# CHECK:     %5: any = const "no"
# CHECK:     %6: any = call %4(%5)
# CHECK:     raise %6
# CHECK: ^2:
# CHECK:     return %0
# CHECK: }
# CASE continue in while with else: f
def f(n):
    while n:
        n -= 1
        if n == 3:
            continue
        print(n)
    else:
        return "end"
# CHECK: func @f(n: any) -> any {
# CHECK:   locals "n"
# CHECK: ^0(%0: any):
# CHECK:     jump ^1(%0)
# CHECK: ^1(%1: any):
# CHECK:     %2: bool = truth %1
# CHECK:     branch %2 -> ^2, ^5
# CHECK: ^2:
# CHECK:     %3: any = const 1
# CHECK:     %4: any = inplace sub %1, %3
# CHECK:     %5: any = const 3
# CHECK:     %6: any = compare eq %4, %5
# CHECK:     %7: bool = truth %6
# CHECK:     branch %7 -> ^3, ^4
# CHECK: ^3:
# CHECK:     jump ^1(%4)
# CHECK: ^4:
# CHECK:     %8: any = load_global "print"
# CHECK:     %9: any = call %8(%4)
# CHECK:     jump ^1(%4)
# CHECK: ^5:
# CHECK:     %10: any = const "end"
# CHECK:     keep_alive %1
# CHECK:     return %10
# CHECK: }
