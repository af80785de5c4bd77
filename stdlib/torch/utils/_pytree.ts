"""Trees of lists, tuples, dicts and named tuples: taken apart into their leaves and put together again."""
from collections import OrderedDict, namedtuple

NodeDef = namedtuple("NodeDef", "flatten_fn unflatten_fn")
SUPPORTED_NODES = {}


def _register_pytree_node(typ, flatten_fn, unflatten_fn):
    """flatten_fn gives (children, context); unflatten_fn(children, context) the value."""
    SUPPORTED_NODES[typ] = NodeDef(flatten_fn, unflatten_fn)


_register_pytree_node(dict, lambda d: (list(d.values()), list(d.keys())), lambda values, keys: dict(zip(keys, values)))
_register_pytree_node(list, lambda d: (d, None), lambda values, _: list(values))
_register_pytree_node(tuple, lambda d: (list(d), None), lambda values, _: tuple(values))
_register_pytree_node(namedtuple, lambda d: (list(d), type(d)), lambda values, cls: cls(*values))
_register_pytree_node(OrderedDict, lambda d: (list(d.values()), list(d.keys())), lambda values, keys: OrderedDict(zip(keys, values)))


def _is_namedtuple_instance(pytree):
    return isinstance(pytree, tuple) and type(pytree) is not tuple and hasattr(type(pytree), "_fields")


def _get_node_type(pytree):
    return namedtuple if _is_namedtuple_instance(pytree) else type(pytree)


def _is_leaf(pytree):
    return _get_node_type(pytree) not in SUPPORTED_NODES


class TreeSpec:
    """The shape of a tree: the type of its root, what that needs besides children, and the children's shapes."""

    def __init__(self, typ, context, children_specs):
        self.type, self.context, self.children_specs = typ, context, children_specs
        self.num_leaves = sum(spec.num_leaves for spec in children_specs)

    def __repr__(self, indent=0):
        children = ", ".join(repr(child) for child in self.children_specs)
        return f"TreeSpec({self.type.__name__}, {self.context}, [{children}])"

    def __eq__(self, other):
        return (type(self) is type(other) and self.type == other.type and self.context == other.context
                and self.children_specs == other.children_specs)

    def __ne__(self, other):
        return not self == other


class LeafSpec(TreeSpec):
    def __init__(self):
        super().__init__(None, None, [])
        self.num_leaves = 1

    def __repr__(self, indent=0):
        return "*"


def tree_flatten(pytree):
    """The leaves in order, and the shape."""
    if _is_leaf(pytree):
        return [pytree], LeafSpec()
    kind = _get_node_type(pytree)
    children, context = SUPPORTED_NODES[kind].flatten_fn(pytree)
    leaves, specs = [], []
    for child in children:
        of_child, spec = tree_flatten(child)
        leaves += of_child
        specs.append(spec)
    return leaves, TreeSpec(kind, context, specs)


def tree_unflatten(values, spec):
    """A tree of a shape with these leaves."""
    if not isinstance(spec, TreeSpec):
        raise ValueError(f"tree_unflatten(values, spec): Expected `spec` to be instance of TreeSpec but got item of type {type(spec)}.")
    if len(values) != spec.num_leaves:
        raise ValueError(f"tree_unflatten(values, spec): `values` has length {len(values)} but the spec refers to a pytree that holds "
                         f"{spec.num_leaves} items ({spec}).")
    if isinstance(spec, LeafSpec):
        return values[0]
    children, at = [], 0
    for child in spec.children_specs:
        children.append(tree_unflatten(values[at:at + child.num_leaves], child))
        at += child.num_leaves
    return SUPPORTED_NODES[spec.type].unflatten_fn(children, spec.context)


def tree_map(fn, pytree):
    """A tree of the same shape whose leaves are fn(leaf)."""
    leaves, spec = tree_flatten(pytree)
    return tree_unflatten([fn(leaf) for leaf in leaves], spec)


def tree_map_only(ty, fn, pytree):
    """The same for leaves of a type; others stay."""
    return tree_map(lambda leaf: fn(leaf) if isinstance(leaf, ty) else leaf, pytree)


def tree_all(pred, pytree):
    return all(map(pred, tree_flatten(pytree)[0]))


def tree_any(pred, pytree):
    return any(map(pred, tree_flatten(pytree)[0]))


def _broadcast_to_and_flatten(pytree, spec):
    """The leaves of a tree that is a prefix of a shape, repeated as often as the shape has leaves there; None if it is no prefix."""
    if _is_leaf(pytree):
        return [pytree] * spec.num_leaves
    if isinstance(spec, LeafSpec) or _get_node_type(pytree) != spec.type:
        return None
    children, context = SUPPORTED_NODES[spec.type].flatten_fn(pytree)
    if len(children) != len(spec.children_specs) or context != spec.context:
        return None
    result = []
    for child, child_spec in zip(children, spec.children_specs):
        part = _broadcast_to_and_flatten(child, child_spec)
        if part is None:
            return None
        result += part
    return result
