# CASE try, except, else: f
def f(x):
    try:
        y = g(x)
    except ValueError as e:
        y = e
    except KeyError:
        raise
    else:
        y += 1
    return y
# CHECK: func @f(x: any) -> any {
# CHECK:   locals "x", "y", "e"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = unbound
# CHECK:     jump ^1
# CHECK: ^1 handler ^3:
# CHECK:     %2: any = load_global "g"
# CHECK:     %3: any = call %2(%0)
# CHECK:     jump ^2
# CHECK: ^2:
# CHECK:     %4: any = const 1
# CHECK:     %5: any = inplace add %3, %4
# CHECK:     jump ^15(%5)
# CHECK: ^3:
# CHECK:     %6: any = catch
# CHECK:     %7: any = push_handled %6
# CHECK:     jump ^4
# CHECK: ^4 handler ^14:
# CHECK:     %8: any = load_global "ValueError"
# CHECK:     %9: bool = match_exception %6, %8
# CHECK:     branch %9 -> ^5, ^10
# CHECK: ^5 handler ^14:
# CHECK:     jump ^6
# CHECK: ^6 handler ^9:
# CHECK:     jump ^7
# CHECK: ^7 handler ^14:
# CHECK:     jump ^8
# CHECK: ^8:
# CHECK:     pop_handled %7
# CHECK:     jump ^15(%6)
# CHECK: ^9 handler ^14:
# CHECK:     %10: any = catch
# CHECK:     reraise %10
# CHECK: ^10 handler ^14:
# CHECK:     %11: any = load_global "KeyError"
# CHECK:     %12: bool = match_exception %6, %11
# CHECK:     branch %12 -> ^11, ^12
# CHECK: ^11 handler ^14:
# CHECK:     %13: any = current_exception
# CHECK:     reraise %13
# CHECK: ^12 handler ^14:
# CHECK:     jump ^13
# CHECK: ^13:
# CHECK:     pop_handled %7
# CHECK:     reraise %6
# CHECK: ^14:
# CHECK:     %14: any = catch
# CHECK:     pop_handled %7
# CHECK:     reraise %14
# CHECK: ^15(%15: any):
# CHECK:     keep_alive %0, %15
# CHECK:     return %15
# CHECK: }
# CASE finally and return: f
def f(x):
    try:
        return g(x)
    finally:
        h()
# CHECK: func @f(x: any) -> any {
# CHECK:   locals "x"
# CHECK: ^0(%0: any):
# CHECK:     jump ^1
# CHECK: ^1 handler ^3:
# CHECK:     %1: any = load_global "g"
# CHECK:     %2: any = call %1(%0)
# CHECK:     jump ^2
# CHECK: ^2:
# CHECK:     %3: any = load_global "h"
# CHECK:     %4: any = call %3()
# CHECK:     keep_alive %0
# CHECK:     return %2
# CHECK: ^3:
# CHECK:     %5: any = catch
# CHECK:     %6: any = push_handled %5
# CHECK:     jump ^4
# CHECK: ^4 handler ^6:
# CHECK:     %7: any = load_global "h"
# CHECK:     %8: any = call %7()
# CHECK:     jump ^5
# CHECK: ^5:
# CHECK:     pop_handled %6
# CHECK:     reraise %5
# CHECK: ^6:
# CHECK:     %9: any = catch
# CHECK:     pop_handled %6
# CHECK:     reraise %9
# CHECK: }
# CASE break through finally: f
def f(xs):
    for x in xs:
        try:
            if x:
                break
            g()
        finally:
            h()
# CHECK: func @f(xs: any) -> any {
# CHECK:   locals "xs", "x"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = get_iter %0
# CHECK:     jump ^1
# CHECK: ^1:
# CHECK:     %2: any = for_iter %1 -> ^2, ^13
# CHECK: ^2:
# CHECK:     jump ^3
# CHECK: ^3 handler ^8:
# CHECK:     %3: bool = truth %2
# CHECK:     branch %3 -> ^4, ^6
# CHECK: ^4 handler ^8:
# CHECK:     jump ^5
# CHECK: ^5:
# CHECK:     %4: any = load_global "h"
# CHECK:     %5: any = call %4()
# CHECK:     jump ^13
# CHECK: ^6 handler ^8:
# CHECK:     %6: any = load_global "g"
# CHECK:     %7: any = call %6()
# CHECK:     jump ^7
# CHECK: ^7:
# CHECK:     %8: any = load_global "h"
# CHECK:     %9: any = call %8()
# CHECK:     jump ^12
# CHECK: ^8:
# CHECK:     %10: any = catch
# CHECK:     %11: any = push_handled %10
# CHECK:     jump ^9
# CHECK: ^9 handler ^11:
# CHECK:     %12: any = load_global "h"
# CHECK:     %13: any = call %12()
# CHECK:     jump ^10
# CHECK: ^10:
# CHECK:     pop_handled %11
# CHECK:     reraise %10
# CHECK: ^11:
# CHECK:     %14: any = catch
# CHECK:     pop_handled %11
# CHECK:     reraise %14
# CHECK: ^12:
# CHECK:     jump ^1
# CHECK: ^13:
# CHECK:     %15: any = const None
# CHECK:     keep_alive %0
# CHECK:     return %15
# CHECK: }
# CASE with: f
def f(m):
    with m as x:
        y = g(x)
    return y
# CHECK: func @f(m: any) -> any {
# CHECK:   slots 1 "y"
# CHECK:   locals "m", "x", "y"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = load_special "__enter__" %0
# CHECK:     %2: any = load_special "__exit__" %0
# CHECK:     %3: any = call %1()
# CHECK:     jump ^1
# CHECK: ^1 handler ^3:
# CHECK:     %4: any = load_global "g"
# CHECK:     %5: any = call %4(%3)
# CHECK:     store_slot $0 %5
# CHECK:     jump ^2
# CHECK: ^2:
# CHECK:     %6: any = const None
# CHECK:     %7: any = call %2(%6, %6, %6)
# CHECK:     jump ^8
# CHECK: ^3:
# CHECK:     %8: any = catch
# CHECK:     %9: any = push_handled %8
# CHECK:     jump ^4
# CHECK: ^4 handler ^7:
# CHECK:     %10: any = load_attr "__class__" %8
# CHECK:     %11: any = load_attr "__traceback__" %8
# CHECK:     %12: any = call %2(%10, %8, %11)
# CHECK:     %13: bool = truth %12
# CHECK:     branch %13 -> ^6, ^5
# CHECK: ^5:
# CHECK:     pop_handled %9
# CHECK:     reraise %8
# CHECK: ^6:
# CHECK:     pop_handled %9
# CHECK:     jump ^8
# CHECK: ^7:
# CHECK:     %14: any = catch
# CHECK:     pop_handled %9
# CHECK:     reraise %14
# CHECK: ^8:
# CHECK:     %15: any = load_slot $0
# CHECK:     %16: any = check_bound "y" %15
# CHECK:     %17: any = load_slot $0
# CHECK:     keep_alive %0, %17
# CHECK:     return %16
# CHECK: }
# CASE slots only for what a handler can see: f
def f(xs):
    total = 0
    for x in xs:
        try:
            t = g(x)
            u = t * t
            total += u
        except E:
            pass
    return total
# CHECK: func @f(xs: any) -> any {
# CHECK:   slots 1 "total"
# CHECK:   locals "xs", "total", "x", "t", "u"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = const 0
# CHECK:     store_slot $0 %1
# CHECK:     %2: any = get_iter %0
# CHECK:     jump ^1
# CHECK: ^1:
# CHECK:     %3: any = for_iter %2 -> ^2, ^13
# CHECK: ^2:
# CHECK:     jump ^3
# CHECK: ^3 handler ^5:
# CHECK:     %4: any = load_global "g"
# CHECK:     %5: any = call %4(%3)
# CHECK:     %6: any = binary mul %5, %5
# CHECK:     %7: any = load_slot $0
# CHECK:     %8: any = inplace add %7, %6
# CHECK:     store_slot $0 %8
# CHECK:     jump ^4
# CHECK: ^4:
# CHECK:     jump ^12
# CHECK: ^5:
# CHECK:     %9: any = catch
# CHECK:     %10: any = push_handled %9
# CHECK:     jump ^6
# CHECK: ^6 handler ^11:
# CHECK:     %11: any = load_global "E"
# CHECK:     %12: bool = match_exception %9, %11
# CHECK:     branch %12 -> ^7, ^9
# CHECK: ^7 handler ^11:
# CHECK:     jump ^8
# CHECK: ^8:
# CHECK:     pop_handled %10
# CHECK:     jump ^12
# CHECK: ^9 handler ^11:
# CHECK:     jump ^10
# CHECK: ^10:
# CHECK:     pop_handled %10
# CHECK:     reraise %9
# CHECK: ^11:
# CHECK:     %13: any = catch
# CHECK:     pop_handled %10
# CHECK:     reraise %13
# CHECK: ^12:
# CHECK:     jump ^1
# CHECK: ^13:
# CHECK:     %14: any = load_slot $0
# CHECK:     keep_alive %0
# CHECK:     return %14
# CHECK: }
# CASE raise from: f
def f(e):
    try:
        g()
    except E as c:
        raise F from c
# CHECK: func @f(e: any) -> any {
# CHECK:   locals "e", "c"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = unbound
# CHECK:     jump ^1
# CHECK: ^1 handler ^3:
# CHECK:     %2: any = load_global "g"
# CHECK:     %3: any = call %2()
# CHECK:     jump ^2
# CHECK: ^2:
# CHECK:     jump ^11
# CHECK: ^3:
# CHECK:     %4: any = catch
# CHECK:     %5: any = push_handled %4
# CHECK:     jump ^4
# CHECK: ^4 handler ^10:
# CHECK:     %6: any = load_global "E"
# CHECK:     %7: bool = match_exception %4, %6
# CHECK:     branch %7 -> ^5, ^8
# CHECK: ^5 handler ^10:
# CHECK:     jump ^6
# CHECK: ^6 handler ^7:
# CHECK:     %8: any = load_global "F"
# CHECK:     raise %8, %4
# CHECK: ^7 handler ^10:
# CHECK:     %9: any = catch
# CHECK:     reraise %9
# CHECK: ^8 handler ^10:
# CHECK:     jump ^9
# CHECK: ^9:
# CHECK:     pop_handled %5
# CHECK:     reraise %4
# CHECK: ^10:
# CHECK:     %10: any = catch
# CHECK:     pop_handled %5
# CHECK:     reraise %10
# CHECK: ^11:
# CHECK:     %11: any = const None
# CHECK:     keep_alive %0
# CHECK:     return %11
# CHECK: }
# CASE return in a handler with a name: f
def f():
    try:
        g()
    except E as e:
        return e
# CHECK: func @f() -> any {
# CHECK:   locals "e"
# CHECK: ^0:
# CHECK:     %0: any = unbound
# CHECK:     jump ^1
# CHECK: ^1 handler ^3:
# CHECK:     %1: any = load_global "g"
# CHECK:     %2: any = call %1()
# CHECK:     jump ^2
# CHECK: ^2:
# CHECK:     jump ^13
# CHECK: ^3:
# CHECK:     %3: any = catch
# CHECK:     %4: any = push_handled %3
# CHECK:     jump ^4
# CHECK: ^4 handler ^12:
# CHECK:     %5: any = load_global "E"
# CHECK:     %6: bool = match_exception %3, %5
# CHECK:     branch %6 -> ^5, ^10
# CHECK: ^5 handler ^12:
# CHECK:     jump ^6
# CHECK: ^6 handler ^9:
# CHECK:     jump ^7
# CHECK: ^7 handler ^12:
# CHECK:     jump ^8
# CHECK: ^8:
# CHECK:     pop_handled %4
# CHECK:     return %3
# CHECK: ^9 handler ^12:
# CHECK:     %7: any = catch
# CHECK:     reraise %7
# CHECK: ^10 handler ^12:
# CHECK:     jump ^11
# CHECK: ^11:
# CHECK:     pop_handled %4
# CHECK:     reraise %3
# CHECK: ^12:
# CHECK:     %8: any = catch
# CHECK:     pop_handled %4
# CHECK:     reraise %8
# CHECK: ^13:
# CHECK:     %9: any = const None
# CHECK:     return %9
# CHECK: }
