# CASE closures: counter, next
def counter(start):
    n = start
    def next(step=1, *, by: int = 2):
        nonlocal n
        n += step * by
        return n
    return next
# CHECK: func @counter(start: any) -> any {
# CHECK:   locals "start", "n", "next"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = unbound
# CHECK:     %2: any = make_cell %1
# CHECK:     store_cell %2, %0
# CHECK:     %3: any = const None
# CHECK:     %4: any = const (1)
# CHECK:     %5: any = const "by"
# CHECK:     %6: any = const 2
# CHECK:     %7: any = make_dict %5, %6
# CHECK:     %8: any = const "by"
# CHECK:     %9: any = load_global "int"
# CHECK:     %10: any = make_dict %8, %9
# CHECK:     %11: any = make_function @next %4, %7, %10, %2
# CHECK:     keep_alive %0
# CHECK:     return %11
# CHECK: }
# CHECK: func @next(step: any = ?, *, by: any = ?) -> any {
# CHECK:   qualified "counter.<locals>.next"
# CHECK:   line 3
# CHECK:   free "n"
# CHECK:   locals "step", "by"
# CHECK: ^0(%0: any, %1: any):
# CHECK:     %2: any = load_closure 0
# CHECK:     %3: any = load_cell "n" %2
# CHECK:     %4: any = binary mul %0, %1
# CHECK:     %5: any = inplace add %3, %4
# CHECK:     store_cell %2, %5
# CHECK:     %6: any = load_cell "n" %2
# CHECK:     keep_alive %0, %1
# CHECK:     return %6
# CHECK: }
# CASE only captured locals are cells: f
def f(a, b):
    return lambda: a
# CHECK: func @f(a: any, b: any) -> any {
# CHECK:   locals "a", "b"
# CHECK: ^0(%0: any, %1: any):
# CHECK:     %2: any = make_cell %0
# CHECK:     %3: any = const None
# CHECK:     %4: any = make_function @<lambda> %3, %3, %3, %2
# CHECK:     keep_alive %2, %1
# CHECK:     return %4
# CHECK: }
# CASE parameters: f, <module>
def f(a, /, b, *c, d=g(), **e) -> None: pass
# CHECK: func @f(a: any, /, b: any, *c: any, d: any = ?, **e: any) -> any {
# CHECK:   locals "a", "b", "d", "c", "e"
# CHECK: ^0(%0: any, %1: any, %2: any, %3: any, %4: any):
# CHECK:     %5: any = const None
# CHECK:     keep_alive %0, %1, %2, %3, %4
# CHECK:     return %5
# CHECK: }
# CHECK: func @<module>() -> any {
# CHECK:   flags module_body
# CHECK: ^0:
# CHECK:     %0: any = const None
# CHECK:     %1: any = const "d"
# CHECK:     %2: any = load_global "g"
# CHECK:     %3: any = call %2()
# CHECK:     %4: any = make_dict %1, %3
# CHECK:     %5: any = const "return"
# CHECK:     %6: any = const None
# CHECK:     %7: any = make_dict %5, %6
# CHECK:     %8: any = make_function @f %0, %4, %7
# CHECK:     store_global "f" %8
# CHECK:     %9: any = const None
# CHECK:     return %9
# CHECK: }
# CASE decorators: <module>
@first
@second(1)
def f(): pass
# CHECK: func @<module>() -> any {
# CHECK:   flags module_body
# CHECK: ^0:
# CHECK:     %0: any = load_global "first"
# CHECK:     %1: any = load_global "second"
# CHECK:     %2: any = const 1
# CHECK:     %3: any = call %1(%2)
# CHECK:     %4: any = const None
# CHECK:     %5: any = make_function @f %4, %4, %4
# CHECK:     %6: any = call %3(%5)
# CHECK:     %7: any = call %0(%6)
# CHECK:     store_global "f" %7
# CHECK:     %8: any = const None
# CHECK:     return %8
# CHECK: }
# CASE list comprehensions are in place: f
def f(xs, k):
    return [x * k for x in xs if x for y in x]
# CHECK: func @f(xs: any, k: any) -> any {
# CHECK:   locals "xs", "k", "x", "y"
# CHECK:   inlined 0 "f" parent 0
# CHECK:   inlined 1 "<listcomp>" parent 0
# CHECK: ^0(%0: any, %1: any):
# CHECK:     %2: any = get_iter %0
# CHECK:     %3: any = make_list in 1
# CHECK:     jump ^1 in 1
# CHECK: ^1:
# CHECK:     %4: any = for_iter %2 -> ^2, ^7 in 1
# CHECK: ^2:
# CHECK:     %5: bool = truth %4 in 1
# CHECK:     branch %5 -> ^3, ^1 in 1
# CHECK: ^3:
# CHECK:     %6: any = get_iter %4 in 1
# CHECK:     jump ^4 in 1
# CHECK: ^4:
# CHECK:     %7: any = for_iter %6 -> ^5, ^6 in 1
# CHECK: ^5:
# CHECK:     %8: any = binary mul %4, %1 in 1
# CHECK:     list_append %3, %8 in 1
# CHECK:     jump ^4 in 1
# CHECK: ^6:
# CHECK:     jump ^1 in 1
# CHECK: ^7:
# CHECK:     keep_alive %0, %1
# CHECK:     return %3
# CHECK: }
# CASE a comprehension's variable that is captured: f
def f(xs):
    return {x: (lambda: x) for x in xs}
# CHECK: func @f(xs: any) -> any {
# CHECK:   locals "xs", "x"
# CHECK:   inlined 0 "f" parent 0
# CHECK:   inlined 1 "<dictcomp>" parent 0
# CHECK: ^0(%0: any):
# CHECK:     %1: any = unbound
# CHECK:     %2: any = get_iter %0
# CHECK:     %3: any = make_cell %1 in 1
# CHECK:     %4: any = make_dict in 1
# CHECK:     jump ^1 in 1
# CHECK: ^1:
# CHECK:     %5: any = for_iter %2 -> ^2, ^3 in 1
# CHECK: ^2:
# CHECK:     store_cell %3, %5 in 1
# CHECK:     %6: any = load_cell "x" %3 in 1
# CHECK:     %7: any = const None in 1
# CHECK:     %8: any = make_function @<lambda> %7, %7, %7, %3 in 1
# CHECK:     dict_set %4, %6, %8 in 1
# CHECK:     jump ^1 in 1
# CHECK: ^3:
# CHECK:     keep_alive %0
# CHECK:     return %4
# CHECK: }
# CASE generator expressions are functions: f, <genexpr>
def f(xs, k):
    return sum(x * k for x in xs)
# CHECK: func @f(xs: any, k: any) -> any {
# CHECK:   locals "xs", "k"
# CHECK: ^0(%0: any, %1: any):
# CHECK:     %2: any = make_cell %1
# CHECK:     %3: any = load_global "sum"
# CHECK:     %4: any = const None
# CHECK:     %5: any = make_function @<genexpr> %4, %4, %4, %2
# CHECK:     %6: any = get_iter %0
# CHECK:     %7: any = call %5(%6)
# CHECK:     %8: any = call %3(%7)
# CHECK:     keep_alive %0, %2
# CHECK:     return %8
# CHECK: }
# CHECK: func @<genexpr>(.0: any, /) -> any {
# CHECK:   qualified "f.<locals>.<genexpr>"
# CHECK:   flags generator
# CHECK:   line 2
# CHECK:   free "k"
# CHECK:   locals "x"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = load_closure 0
# CHECK:     jump ^1
# CHECK: ^1:
# CHECK:     %2: any = for_iter %0 -> ^2, ^3
# CHECK: ^2:
# CHECK:     %3: any = load_cell "k" %1
# CHECK:     %4: any = binary mul %2, %3
# CHECK:     %5: any = yield %4
# CHECK:     jump ^1
# CHECK: ^3:
# CHECK:     %6: any = const None
# CHECK:     return %6
# CHECK: }
# CASE walrus in a comprehension: f
def f(xs):
    r = [y := x for x in xs]
    return y
# CHECK: func @f(xs: any) -> any {
# CHECK:   locals "xs", "r", "y", "x"
# CHECK:   inlined 0 "f" parent 0
# CHECK:   inlined 1 "<listcomp>" parent 0
# CHECK: ^0(%0: any):
# CHECK:     %1: any = unbound
# CHECK:     %2: any = get_iter %0
# CHECK:     %3: any = make_list in 1
# CHECK:     jump ^1(%1) in 1
# CHECK: ^1(%4: any):
# CHECK:     %5: any = for_iter %2 -> ^2, ^3 in 1
# CHECK: ^2:
# CHECK:     list_append %3, %5 in 1
# CHECK:     jump ^1(%5) in 1
# CHECK: ^3:
# CHECK:     %6: any = check_bound "y" %4
# CHECK:     keep_alive %0, %3
# CHECK:     return %6
# CHECK: }
# CASE yield: f
def f(n):
    for i in n:
        got = yield i
    yield from got
    return got
# CHECK: func @f(n: any) -> any {
# CHECK:   flags generator
# CHECK:   locals "n", "i", "got"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = unbound
# CHECK:     %2: any = get_iter %0
# CHECK:     jump ^1(%1)
# CHECK: ^1(%3: any):
# CHECK:     %4: any = for_iter %2 -> ^2, ^3
# CHECK: ^2:
# CHECK:     %5: any = yield %4
# CHECK:     jump ^1(%5)
# CHECK: ^3:
# CHECK:     %6: any = check_bound "got" %3
# CHECK:     %7: any = get_iter %6
# CHECK:     %8: any = yield_from %7
# CHECK:     keep_alive %0
# CHECK:     return %6
# CHECK: }
# CASE class: <module>, C, m
class C(B, metaclass=M):
    "doc"
    x: int = 1
    def m(self):
        return super().m(self.__p)
# CHECK: func @<module>() -> any {
# CHECK:   flags module_body
# CHECK: ^0:
# CHECK:     %0: any = const None
# CHECK:     %1: any = make_function @C %0, %0, %0
# CHECK:     %2: any = const "C"
# CHECK:     %3: any = load_global "B"
# CHECK:     %4: any = load_global "M"
# CHECK:     %5: any = build_class %1, %2(%3, metaclass=%4)
# CHECK:     store_global "C" %5
# CHECK:     %6: any = const None
# CHECK:     return %6
# CHECK: }
# CHECK: func @C() -> any {
# CHECK:   flags class_body
# CHECK:   locals "__class__"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = unbound
# CHECK:     %2: any = make_cell %1
# CHECK:     %3: any = load_name "__name__" %0
# CHECK:     store_name "__module__" %0, %3
# CHECK:     %4: any = const "C"
# CHECK:     store_name "__qualname__" %0, %4
# CHECK:     %5: any = const "__annotations__"
# CHECK:     %6: any = compare not_in %5, %0
# CHECK:     %7: bool = truth %6
# CHECK:     branch %7 -> ^1, ^2
# CHECK: ^1:
# CHECK:     %8: any = make_dict
# CHECK:     store_name "__annotations__" %0, %8
# CHECK:     jump ^2
# CHECK: ^2:
# CHECK:     %9: any = const "doc"
# CHECK:     store_name "__doc__" %0, %9
# CHECK:     %10: any = const 1
# CHECK:     store_name "x" %0, %10
# CHECK:     %11: any = load_name "int" %0
# CHECK:     %12: any = load_name "__annotations__" %0
# CHECK:     %13: any = const "x"
# CHECK:     store_item %12, %13, %11
# CHECK:     %14: any = const None
# CHECK:     %15: any = make_function @m %14, %14, %14, %2
# CHECK:     store_name "m" %0, %15
# CHECK:     store_name "__classcell__" %0, %2
# CHECK:     return %2
# CHECK: }
# CHECK: func @m(self: any) -> any {
# CHECK:   qualified "C.m"
# CHECK:   line 4
# CHECK:   free "__class__"
# CHECK:   locals "self"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = load_closure 0
# CHECK:     %2: any = load_cell "__class__" %1
# CHECK:     %3: any = load_super %2, %0
# CHECK:     %4: any = load_attr "m" %3
# CHECK:     %5: any = load_attr "_C__p" %0
# CHECK:     %6: any = call %4(%5)
# CHECK:     keep_alive %0
# CHECK:     return %6
# CHECK: }
# CASE class scopes: f, C
def f(a):
    b = 1
    class C:
        b = b
        c = a
    return C
# CHECK: func @f(a: any) -> any {
# CHECK:   locals "a", "b", "C"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = make_cell %0
# CHECK:     %2: any = const 1
# CHECK:     %3: any = const None
# CHECK:     %4: any = make_function @C %3, %3, %3, %1
# CHECK:     %5: any = const "C"
# CHECK:     %6: any = build_class %4, %5()
# CHECK:     keep_alive %1
# CHECK:     return %6
# CHECK: }
# CHECK: func @C() -> any {
# CHECK:   qualified "f.<locals>.C"
# CHECK:   flags class_body
# CHECK:   line 3
# CHECK:   free "a"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = load_closure 0
# CHECK:     %2: any = load_name "__name__" %0
# CHECK:     store_name "__module__" %0, %2
# CHECK:     %3: any = const "f.<locals>.C"
# CHECK:     store_name "__qualname__" %0, %3
# CHECK:     %4: any = load_name "b" %0
# CHECK:     store_name "b" %0, %4
# CHECK:     %5: any = load_name_cell "a" %0, %1
# CHECK:     store_name "c" %0, %5
# CHECK:     %6: any = const None
# CHECK:     return %6
# CHECK: }
# CASE global: f
def f():
    global x
    x = x + 1
    del x
# CHECK: func @f() -> any {
# CHECK: ^0:
# CHECK:     %0: any = load_global "x"
# CHECK:     %1: any = const 1
# CHECK:     %2: any = binary add %0, %1
# CHECK:     store_global "x" %2
# CHECK:     delete_global "x"
# CHECK:     %3: any = const None
# CHECK:     return %3
# CHECK: }
# CASE super without a class is the builtin's business: f
def f(self):
    super()
# CHECK: func @f(self: any) -> any {
# CHECK:   locals "self"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = load_global "super"
# CHECK:     %2: any = call %1()
# CHECK:     %3: any = const None
# CHECK:     keep_alive %0
# CHECK:     return %3
# CHECK: }
