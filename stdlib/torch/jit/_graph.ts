"""Graphs of scripted functions as objects."""


class Value:
    def __init__(self, name, type, node):
        self._name = name
        self._type = type
        self._node = node

    def debugName(self):
        return self._name

    def type(self):
        return self._type

    def node(self):
        return self._node

    def unique(self):
        return self._name

    def __repr__(self):
        return "%" + self._name + " : " + str(self._type)


class Block:
    def __init__(self, structure, values):
        params, nodes, results = structure
        self._inputs = [_value(v, None, values) for v in params]
        self._nodes = [Node(n, values) for n in nodes]
        self._outputs = [_value(v, None, values) for v in results]

    def nodes(self):
        return iter(self._nodes)

    def inputs(self):
        return iter(self._inputs)

    def outputs(self):
        return iter(self._outputs)


def _value(v, node, values):
    name, type = v
    found = values.get(name)
    if found is None:
        found = values[name] = Value(name, type, node)
    return found


class Node:
    def __init__(self, structure, values):
        self._kind, inputs, outputs, self._attributes, blocks, self._place = structure
        self._inputs = [_value(v, None, values) for v in inputs]
        self._outputs = [_value(v, self, values) for v in outputs]
        self._blocks = [Block(b, values) for b in blocks]

    def kind(self):
        return self._kind

    def inputs(self):
        return iter(self._inputs)

    def outputs(self):
        return iter(self._outputs)

    def inputsSize(self):
        return len(self._inputs)

    def outputsSize(self):
        return len(self._outputs)

    def inputsAt(self, i):
        return self._inputs[i]

    def outputsAt(self, i):
        return self._outputs[i]

    def output(self):
        return self._outputs[0]

    def input(self):
        return self._inputs[0]

    def blocks(self):
        return iter(self._blocks)

    def attributeNames(self):
        return list(self._attributes)

    def hasAttribute(self, name):
        return name in self._attributes

    def _get(self, name):
        return self._attributes[name]

    i = f = s = t = ival = __getitem__ = _get

    def kindOf(self, name):
        v = self._attributes[name]
        return "i" if isinstance(v, int) else "f" if isinstance(v, float) else "s" if isinstance(v, str) else "t"

    def __repr__(self):
        out = ", ".join(["%" + v._name + " : " + str(v._type) for v in self._outputs])
        return (out + " = " if out else "") + self._kind + "(" + ", ".join(["%" + v._name for v in self._inputs]) + ")"


class Graph(Block):
    def __init__(self, text, structure):
        super().__init__(structure, {})
        self._text = text

    def __str__(self):
        return self._text

    __repr__ = __str__

    def findAllNodes(self, kind, recurse=True):
        found = []

        def walk(block):
            for n in block._nodes:
                if n._kind == kind:
                    found.append(n)
                if recurse:
                    for b in n._blocks:
                        walk(b)

        walk(self)
        return found

    def findNode(self, kind, recurse=True):
        found = self.findAllNodes(kind, recurse)
        return found[0] if found else None

    def copy(self):
        return self
