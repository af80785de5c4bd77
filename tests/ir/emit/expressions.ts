# CASE methods with simple arguments: f
def f(a, b):
    a.m(b, 1, k=-2)
    a.m(b + 1)
    a.m(*b)
# CHECK: func @f(a: any, b: any) -> any {
# CHECK:   locals "a", "b"
# CHECK: ^0(%0: any, %1: any):
# CHECK:     %2: any = const 1
# CHECK:     %3: any = const -2
# CHECK:     %4: any = call_method %0.m(%1, %2, k=%3)
# CHECK:     %5: any = load_attr "m" %0
# CHECK:     %6: any = const 1
# CHECK:     %7: any = binary add %1, %6
# CHECK:     %8: any = call %5(%7)
# CHECK:     %9: any = load_attr "m" %0
# CHECK:     %10: any = call %9(*%1)
# CHECK:     %11: any = const None
# CHECK:     keep_alive %0, %1
# CHECK:     return %11
# CHECK: }
# CASE calls with stars: f
def f(g, a, b):
    g(a, *b, *a, k=1, **b)
    g(*a, h(b))
# CHECK: func @f(g: any, a: any, b: any) -> any {
# CHECK:   locals "g", "a", "b"
# CHECK: ^0(%0: any, %1: any, %2: any):
# CHECK:     %3: any = const 1
# CHECK:     %4: any = call %0(%1, *%2, *%1, k=%3, **%2)
# CHECK:     %5: any = make_list
# CHECK:     list_extend %5, %1
# CHECK:     %6: any = load_global "h"
# CHECK:     %7: any = call %6(%2)
# CHECK:     list_append %5, %7
# CHECK:     %8: any = call %0(*%5)
# CHECK:     %9: any = const None
# CHECK:     keep_alive %0, %1, %2
# CHECK:     return %9
# CHECK: }
# CASE augmented assignment: f
def f(o, i):
    o.x += 1
    o[i] *= 2
    i //= 3
    return i
# CHECK: func @f(o: any, i: any) -> any {
# CHECK:   locals "o", "i"
# CHECK: ^0(%0: any, %1: any):
# CHECK:     %2: any = load_attr "x" %0
# CHECK:     %3: any = const 1
# CHECK:     %4: any = inplace add %2, %3
# CHECK:     store_attr "x" %0, %4
# CHECK:     %5: any = load_item %0, %1
# CHECK:     %6: any = const 2
# CHECK:     %7: any = inplace mul %5, %6
# CHECK:     store_item %0, %1, %7
# CHECK:     %8: any = const 3
# CHECK:     %9: any = inplace floordiv %1, %8
# CHECK:     keep_alive %1
# CHECK:     keep_alive %0
# CHECK:     return %9
# CHECK: }
# CASE unpacking: f
def f(t):
    a, (b, *c), d = t
    [x, y] = a, b
    return x
# CHECK: func @f(t: any) -> any {
# CHECK:   locals "t", "a", "b", "c", "d", "x", "y"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = unpack 3 %0
# CHECK:     %2: any = tuple_item 0 %1
# CHECK:     %3: any = tuple_item 1 %1
# CHECK:     %4: any = tuple_item 2 %1
# CHECK:     %5: any = unpack_star 65536 %3
# CHECK:     %6: any = tuple_item 0 %5
# CHECK:     %7: any = tuple_item 1 %5
# CHECK:     keep_alive %0
# CHECK:     return %2
# CHECK: }
# CASE constants: f
def f(x):
    a = (1, -2.5, ("s", None))
    b = x in [1, 2]
    c = x in {1, 2}
    for i in [1, 2]: pass
    return -9223372036854775808, 99999999999999999999, 2j, b"\x00", ...
# CHECK: func @f(x: any) -> any {
# CHECK:   locals "x", "a", "b", "c", "i"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = const (1, -2.5, ("s", None))
# CHECK:     %2: any = const (1, 2)
# CHECK:     %3: any = compare in %0, %2
# CHECK:     %4: any = const frozenset(1, 2)
# CHECK:     %5: any = compare in %0, %4
# CHECK:     %6: any = const (1, 2)
# CHECK:     %7: any = get_iter %6
# CHECK:     jump ^1
# CHECK: ^1:
# CHECK:     %8: any = for_iter %7 -> ^2, ^3
# CHECK: ^2:
# CHECK:     jump ^1
# CHECK: ^3:
# CHECK:     %9: any = const (-9223372036854775808, 99999999999999999999, 2.0j, b"\x00", ...)
# CHECK:     keep_alive %0
# CHECK:     return %9
# CHECK: }
# CASE slices: f
def f(x):
    x[1:2] = x[::2, ...]
    del x[:]
# CHECK: func @f(x: any) -> any {
# CHECK:   locals "x"
# CHECK: ^0(%0: any):
# CHECK:     %1: any = const None
# CHECK:     %2: any = const None
# CHECK:     %3: any = const 2
# CHECK:     %4: any = make_slice %1, %2, %3
# CHECK:     %5: any = const ...
# CHECK:     %6: any = make_tuple %4, %5
# CHECK:     %7: any = load_item %0, %6
# CHECK:     %8: any = const 1
# CHECK:     %9: any = const 2
# CHECK:     %10: any = const None
# CHECK:     %11: any = make_slice %8, %9, %10
# CHECK:     store_item %0, %11, %7
# CHECK:     %12: any = const None
# CHECK:     %13: any = const None
# CHECK:     %14: any = const None
# CHECK:     %15: any = make_slice %12, %13, %14
# CHECK:     delete_item %0, %15
# CHECK:     %16: any = const None
# CHECK:     keep_alive %0
# CHECK:     return %16
# CHECK: }
# CASE displays: f
def f(a, b):
    return [a, *b, 1], {a, *b}, {"k": a, **b, "l": 2}, (*a,)
# CHECK: func @f(a: any, b: any) -> any {
# CHECK:   locals "a", "b"
# CHECK: ^0(%0: any, %1: any):
# CHECK:     %2: any = make_list %0
# CHECK:     list_extend %2, %1
# CHECK:     %3: any = const 1
# CHECK:     list_append %2, %3
# CHECK:     %4: any = make_set %0
# CHECK:     set_update %4, %1
# CHECK:     %5: any = const "k"
# CHECK:     %6: any = make_dict %5, %0
# CHECK:     dict_update %6, %1
# CHECK:     %7: any = const "l"
# CHECK:     %8: any = const 2
# CHECK:     dict_set %6, %7, %8
# CHECK:     %9: any = make_list
# CHECK:     list_extend %9, %0
# CHECK:     %10: any = list_to_tuple %9
# CHECK:     %11: any = make_tuple %2, %4, %6, %10
# CHECK:     keep_alive %0, %1
# CHECK:     return %11
# CHECK: }
# CASE a long list of constants: f
def f():
    return [1, 2, 3, 4, 5, 6, 7, 8, 9]
# CHECK: func @f() -> any {
# CHECK: ^0:
# CHECK:     %0: any = make_list
# CHECK:     %1: any = const (1, 2, 3, 4, 5, 6, 7, 8, 9)
# CHECK:     list_extend %0, %1
# CHECK:     return %0
# CHECK: }
# CASE strings with values: f
def f(x, w):
    return f"a{x!r:>{w}}b", f"{x}", f""
# CHECK: func @f(x: any, w: any) -> any {
# CHECK:   locals "x", "w"
# CHECK: ^0(%0: any, %1: any):
# CHECK:     %2: any = const "a"
# CHECK:     %3: any = const ">"
# CHECK:     %4: any = format_value 0 %1
# CHECK:     %5: any = const ">"
# CHECK:     %6: any = build_string %3, %4
# CHECK:     %7: any = format_value 114 %0, %6
# CHECK:     %8: any = const "b"
# CHECK:     %9: any = const "a"
# CHECK:     %10: any = build_string %2, %7, %8
# CHECK:     %11: any = format_value 0 %0
# CHECK:     %12: any = const ""
# CHECK:     %13: any = make_tuple %10, %11, %12
# CHECK:     keep_alive %0, %1
# CHECK:     return %13
# CHECK: }
# CASE imports: <module>
import a.b
import a.b.c as d
from ..p import q as r, s
from t import *
# CHECK: func @<module>() -> any {
# CHECK:   flags module_body
# CHECK: ^0:
# CHECK:     %0: any = const None
# CHECK:     %1: any = const 0
# CHECK:     %2: any = import_name "a.b" %0, %1
# CHECK:     store_global "a" %2
# CHECK:     %3: any = const None
# CHECK:     %4: any = const 0
# CHECK:     %5: any = import_name "a.b.c" %3, %4
# CHECK:     %6: any = import_from "b" %5
# CHECK:     %7: any = import_from "c" %6
# CHECK:     store_global "d" %7
# CHECK:     %8: any = const ("q", "s")
# CHECK:     %9: any = const 2
# CHECK:     %10: any = import_name "p" %8, %9
# CHECK:     %11: any = import_from "q" %10
# CHECK:     store_global "r" %11
# CHECK:     %12: any = import_from "s" %10
# CHECK:     store_global "s" %12
# CHECK:     %13: any = const ("*")
# CHECK:     %14: any = const 0
# CHECK:     %15: any = import_name "t" %13, %14
# CHECK:     import_star %15
# CHECK:     %16: any = const None
# CHECK:     return %16
# CHECK: }
# CASE annotations: <module>
x: int = 1
y: str
o.z: float = 2
# CHECK: func @<module>() -> any {
# CHECK:   flags module_body
# CHECK: ^0:
# CHECK:     %0: any = load_globals
# CHECK:     %1: any = const "__annotations__"
# CHECK:     %2: any = compare not_in %1, %0
# CHECK:     %3: bool = truth %2
# CHECK:     branch %3 -> ^1, ^2
# CHECK: ^1:
# CHECK:     %4: any = make_dict
# CHECK:     store_global "__annotations__" %4
# CHECK:     jump ^2
# CHECK: ^2:
# CHECK:     %5: any = const 1
# CHECK:     store_global "x" %5
# CHECK:     %6: any = load_global "int"
# CHECK:     %7: any = load_global "__annotations__"
# CHECK:     %8: any = const "x"
# CHECK:     store_item %7, %8, %6
# CHECK:     %9: any = load_global "str"
# CHECK:     %10: any = load_global "__annotations__"
# CHECK:     %11: any = const "y"
# CHECK:     store_item %10, %11, %9
# CHECK:     %12: any = const 2
# CHECK:     %13: any = load_global "o"
# CHECK:     store_attr "z" %13, %12
# CHECK:     %14: any = load_global "float"
# CHECK:     %15: any = const None
# CHECK:     return %15
# CHECK: }
