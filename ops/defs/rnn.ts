"""Recurrent layers over whole sequences."""


@op.composite(namespace="private", variants="none", results="output h_n c_n")
def rnn_steps(input: Tensor, h0: Tensor, c0: Tensor | None, w_hh: Tensor, b_hh: Tensor | None, w_hr: Tensor | None,
              batch_sizes: list[int], mode: int, reverse: bool) -> tuple[Tensor, Tensor, Tensor]:
    """rnn_sequence step by step: what defines it, and what second derivatives go through."""
    width = input.size(-1)
    x = input.reshape([-1, width])
    h = h0
    c = h0 if c0 is None else c0
    steps = len(batch_sizes)
    starts = [0] * steps
    total = 0
    for i in range(steps):
        starts[i] = total
        total += batch_sizes[i]
    outputs: list[Tensor] = []
    for k in range(steps):
        t = steps - 1 - k if reverse else k
        n = batch_sizes[t]
        rows = h.size(0)
        part = x.narrow(0, starts[t], n)
        old = h.narrow(0, 0, n)
        product = torch.matmul(old, w_hh.t())
        if b_hh is not None:
            product = product + b_hh
        new = old
        if mode == 0:
            gates = (part + product).chunk(4, 1)
            cell = gates[1].sigmoid() * c.narrow(0, 0, n) + gates[0].sigmoid() * gates[2].tanh()
            new = gates[3].sigmoid() * cell.tanh()
            if w_hr is not None:
                new = torch.matmul(new, w_hr.t())
            c = cell if n == rows else torch.cat([cell, c.narrow(0, n, rows - n)], 0)
        elif mode == 1:
            size = width // 3
            reset = (part.narrow(1, 0, size) + product.narrow(1, 0, size)).sigmoid()
            update = (part.narrow(1, size, size) + product.narrow(1, size, size)).sigmoid()
            fresh = (part.narrow(1, 2 * size, size) + reset * product.narrow(1, 2 * size, size)).tanh()
            new = (old - fresh) * update + fresh
        elif mode == 2:
            new = (part + product).tanh()
        else:
            new = (part + product).relu()
        h = new if n == rows else torch.cat([new, h.narrow(0, n, rows - n)], 0)
        outputs.append(new)
    ordered: list[Tensor] = []
    for j in range(steps):
        ordered.append(outputs[steps - 1 - j if reverse else j])
    return torch.cat(ordered, 0).reshape(input.shape[0:input.dim() - 1] + [h.size(1)]), h, c


@op.primitive(namespace="private", variants="function", results="output h_n c_n gates kept before")
def rnn_sequence(input: Tensor, h0: Tensor, c0: Tensor | None, w_hh: Tensor, b_hh: Tensor | None, w_hr: Tensor | None,
                 batch_sizes: list[int], mode: int, reverse: bool) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]: ...

@rnn_sequence.backward("StackBackward0")
def _(grad_output, grad_h_n, grad_c_n, input, h0, c0, w_hh, b_hh, w_hr, batch_sizes, mode, reverse, gates, kept, before):
    if grad_enabled():
        all = rnn_gradients(grad_output, grad_h_n, grad_c_n, input, h0, c0, w_hh, b_hh, w_hr, batch_sizes, mode, reverse)
        d_input = all[0]
        d_h0 = all[1]
        d_w_hh = all[2]
        if c0 is not None:
            d_c0 = all[3]
        if b_hh is not None:
            d_b_hh = all[4]
        if w_hr is not None:
            d_w_hr = all[5]
    else:
        parts = torch.rnn_sequence_backward(grad_output, grad_h_n, grad_c_n, gates, kept, before, w_hh, w_hr, batch_sizes, mode, reverse)
        d_input = parts[0].reshape(input.shape)
        d_h0 = parts[2]
        d_w_hh = torch.mm(parts[1].t(), before)
        if c0 is not None:
            d_c0 = parts[3]
        if b_hh is not None:
            d_b_hh = parts[1].sum([0], False)
        if w_hr is not None:
            d_w_hr = parts[4]


@op.primitive(namespace="private", variants="none", results="d_input d_product d_h0 d_c0 d_w_hr")
def rnn_sequence_backward(grad_output: Tensor, grad_h: Tensor, grad_c: Tensor, gates: Tensor, kept: Tensor, before: Tensor,
                          w_hh: Tensor, w_hr: Tensor | None, batch_sizes: list[int], mode: int,
                          reverse: bool) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]: ...
