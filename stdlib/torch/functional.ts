"""Functions of torch that are compositions of operators."""
import torch


def einsum(equation, *operands):
    """Sums of products by index letters: einsum("ij,jk->ik", a, b).

    Every operand is laid out over all indices, the product is formed, and the indices that the result does not have are summed.
    """
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = operands[0]
    equation = equation.replace(" ", "")
    if "..." in equation:
        raise NotImplementedError("torch.einsum with an ellipsis")
    left, arrow, right = equation.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(operands):
        raise RuntimeError("einsum(): more operands were provided than specified in the equation" if len(inputs) < len(operands) else
                           "einsum(): fewer operands were provided than specified in the equation")
    if not arrow:
        right = "".join(sorted(c for c in set(left) if c != "," and left.count(c) == 1))
    order = right + "".join(sorted(set(left) - set(right) - {","}))
    product = None
    for letters, operand in zip(inputs, operands):
        if len(letters) != operand.dim():
            raise RuntimeError("einsum(): the number of subscripts in the equation ({}) does not match the number of dimensions "
                               "({}) for operand {} and no ellipsis was given".format(len(letters), operand.dim(), 0))
        while len(set(letters)) < len(letters):  # a repeated index: its diagonal
            c = next(c for c in letters if letters.count(c) > 1)
            i = letters.index(c)
            j = letters.index(c, i + 1)
            operand = operand.diagonal(0, i, j)
            letters = letters[:i] + letters[i + 1:j] + letters[j + 1:] + c
        operand = operand.permute([letters.index(c) for c in order if c in letters])
        for position, c in enumerate(order):
            if c not in letters:
                operand = operand.unsqueeze(position)
        product = operand if product is None else product * operand
    summed = list(range(len(right), len(order)))
    return product.sum(summed) if summed else product
