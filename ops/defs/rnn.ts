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


# --- whole layers ----------------------------------------------------------------------------------------------------------
@op.composite(namespace="private", variants="none", random=True, results="output h_n c_n")
def recurrent_layers(input: Tensor, h0: Tensor, c0: Tensor | None, params: list[Tensor], has_biases: bool, num_layers: int,
                     dropout: float, train: bool, bidirectional: bool, batch_sizes: list[int],
                     mode: int) -> tuple[Tensor, Tensor, Tensor]:
    """All layers over (time, batch, features) or packed rows; the states have a row per layer and direction."""
    directions = 2 if bidirectional else 1
    rows = num_layers * directions
    if rows <= 0 or len(params) % rows != 0 or len(params) // rows < (4 if has_biases else 2):
        raise RuntimeError(f"recurrent layers: got {len(params)} weights for {rows} layers and directions")
    if h0.dim() != 3 or h0.size(0) != rows:
        raise RuntimeError(f"recurrent layers: expected a hidden state of {rows} rows")
    if c0 is not None:
        if c0.dim() != 3 or c0.size(0) != rows:
            raise RuntimeError(f"recurrent layers: expected a cell state of {rows} rows")
    per = len(params) // rows
    biases = 2 if has_biases else 0
    x = input
    last_h: list[Tensor] = []
    last_c: list[Tensor] = []
    for row in range(num_layers):
        at = row * directions * per
        back = at + per
        forth = torch.rnn_sequence(
            torch.linear(x, params[at], params[at + 2] if has_biases else None), h0.select(0, row * directions),
            c0.select(0, row * directions) if c0 is not None else None, params[at + 1], params[at + 3] if has_biases else None,
            params[at + 2 + biases] if per > 2 + biases else None, batch_sizes, mode, False)
        last_h.append(forth[1])
        last_c.append(forth[2])
        if bidirectional:
            other = torch.rnn_sequence(
                torch.linear(x, params[back], params[back + 2] if has_biases else None), h0.select(0, row * directions + 1),
                c0.select(0, row * directions + 1) if c0 is not None else None, params[back + 1],
                params[back + 3] if has_biases else None, params[back + 2 + biases] if per > 2 + biases else None, batch_sizes, mode,
                True)
            last_h.append(other[1])
            last_c.append(other[2])
            x = torch.cat([forth[0], other[0]], -1)
        else:
            x = forth[0]
        if dropout > 0.0 and row + 1 < num_layers:
            x = torch.dropout(x, dropout, train)
    h_n = torch.stack(last_h, 0)
    return x, h_n, torch.stack(last_c, 0) if mode == 0 else h_n


@op.composite(namespace="private", variants="none", random=True, results="output h_n c_n")
def recurrent_batch(input: Tensor, h0: Tensor, c0: Tensor | None, params: list[Tensor], has_biases: bool, num_layers: int,
                    dropout: float, train: bool, bidirectional: bool, batch_first: bool, mode: int) -> tuple[Tensor, Tensor, Tensor]:
    if input.dim() != 3:
        raise RuntimeError(f"input must have 3 dimensions, got {input.dim()}")
    x = input.transpose(0, 1) if batch_first else input
    result = torch.recurrent_layers(x, h0, c0, params, has_biases, num_layers, dropout, train, bidirectional, [x.size(1)] * x.size(0),
                                    mode)
    y = result[0].transpose(0, 1) if batch_first else result[0]
    return y, result[1], result[2]


@op.composite(variants="function", overload="input", random=True, results="output h_n c_n", plain_tuple=True)
def lstm(input: Tensor, hx: list[Tensor], params: list[Tensor], has_biases: bool, num_layers: int, dropout: float, train: bool,
         bidirectional: bool, batch_first: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Long short-term memory: layers over a sequence; params are the weights layer by layer, then direction by direction."""
    if len(hx) != 2:
        raise RuntimeError("lstm expects two hidden states")
    return torch.recurrent_batch(input, hx[0], hx[1], params, has_biases, num_layers, dropout, train, bidirectional, batch_first, 0)


@op.composite(variants="function", overload="data", random=True, results="output h_n c_n", plain_tuple=True)
def lstm(data: Tensor, batch_sizes: Tensor, hx: list[Tensor], params: list[Tensor], has_biases: bool, num_layers: int, dropout: float,
         train: bool, bidirectional: bool) -> tuple[Tensor, Tensor, Tensor]:
    """The same over packed sequences."""
    if len(hx) != 2:
        raise RuntimeError("lstm expects two hidden states")
    return torch.recurrent_layers(data, hx[0], hx[1], params, has_biases, num_layers, dropout, train, bidirectional,
                                  ints_of(batch_sizes), 0)


@op.composite(variants="function", overload="input", random=True, results="output h_n", plain_tuple=True)
def gru(input: Tensor, hx: Tensor, params: list[Tensor], has_biases: bool, num_layers: int, dropout: float, train: bool,
        bidirectional: bool, batch_first: bool) -> tuple[Tensor, Tensor]:
    """Gated recurrent units: layers over a sequence."""
    result = torch.recurrent_batch(input, hx, None, params, has_biases, num_layers, dropout, train, bidirectional, batch_first, 1)
    return result[0], result[1]


@op.composite(variants="function", overload="data", random=True, results="output h_n", plain_tuple=True)
def gru(data: Tensor, batch_sizes: Tensor, hx: Tensor, params: list[Tensor], has_biases: bool, num_layers: int, dropout: float,
        train: bool, bidirectional: bool) -> tuple[Tensor, Tensor]:
    """The same over packed sequences."""
    result = torch.recurrent_layers(data, hx, None, params, has_biases, num_layers, dropout, train, bidirectional,
                                    ints_of(batch_sizes), 1)
    return result[0], result[1]


@op.composite(variants="function", overload="input", random=True, results="output h_n", plain_tuple=True)
def rnn_tanh(input: Tensor, hx: Tensor, params: list[Tensor], has_biases: bool, num_layers: int, dropout: float, train: bool,
             bidirectional: bool, batch_first: bool) -> tuple[Tensor, Tensor]:
    """Plain recurrent layers with tanh over a sequence."""
    result = torch.recurrent_batch(input, hx, None, params, has_biases, num_layers, dropout, train, bidirectional, batch_first, 2)
    return result[0], result[1]


@op.composite(variants="function", overload="data", random=True, results="output h_n", plain_tuple=True)
def rnn_tanh(data: Tensor, batch_sizes: Tensor, hx: Tensor, params: list[Tensor], has_biases: bool, num_layers: int, dropout: float,
             train: bool, bidirectional: bool) -> tuple[Tensor, Tensor]:
    """The same over packed sequences."""
    result = torch.recurrent_layers(data, hx, None, params, has_biases, num_layers, dropout, train, bidirectional,
                                    ints_of(batch_sizes), 2)
    return result[0], result[1]


@op.composite(variants="function", overload="input", random=True, results="output h_n", plain_tuple=True)
def rnn_relu(input: Tensor, hx: Tensor, params: list[Tensor], has_biases: bool, num_layers: int, dropout: float, train: bool,
             bidirectional: bool, batch_first: bool) -> tuple[Tensor, Tensor]:
    """Plain recurrent layers with relu over a sequence."""
    result = torch.recurrent_batch(input, hx, None, params, has_biases, num_layers, dropout, train, bidirectional, batch_first, 3)
    return result[0], result[1]


@op.composite(variants="function", overload="data", random=True, results="output h_n", plain_tuple=True)
def rnn_relu(data: Tensor, batch_sizes: Tensor, hx: Tensor, params: list[Tensor], has_biases: bool, num_layers: int, dropout: float,
             train: bool, bidirectional: bool) -> tuple[Tensor, Tensor]:
    """The same over packed sequences."""
    result = torch.recurrent_layers(data, hx, None, params, has_biases, num_layers, dropout, train, bidirectional,
                                    ints_of(batch_sizes), 3)
    return result[0], result[1]


# --- cells -----------------------------------------------------------------------------------------------------------------
@op.composite(namespace="private", variants="none")
def check_cell(input: Tensor, hx: Tensor, input_size: int, hidden_size: int, number: int) -> None:
    if input.dim() != 2 or hx.dim() != 2:
        raise RuntimeError("cells of recurrent layers take matrices")
    if input.size(1) != input_size:
        raise RuntimeError(f"input has inconsistent input_size: got {input.size(1)} expected {input_size}")
    if input.size(0) != hx.size(0):
        raise RuntimeError(f"Input batch size {input.size(0)} doesn't match hidden{number} batch size {hx.size(0)}")
    if hx.size(1) != hidden_size:
        raise RuntimeError(f"hidden{number} has inconsistent hidden_size: got {hx.size(1)}, expected {hidden_size}")


@op.composite(variants="function", results="h c", plain_tuple=True)
def lstm_cell(input: Tensor, hx: list[Tensor], w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
              b_hh: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """One step of long short-term memory."""
    if len(hx) != 2:
        raise RuntimeError("lstm_cell expects two hidden states")
    torch.check_cell(input, hx[0], w_ih.size(1), w_hh.size(1), 0)
    torch.check_cell(input, hx[1], w_ih.size(1), w_hh.size(1), 0)
    gates = (torch.linear(input, w_ih, b_ih) + torch.linear(hx[0], w_hh, b_hh)).chunk(4, 1)
    c = gates[1].sigmoid() * hx[1] + gates[0].sigmoid() * gates[2].tanh()
    return gates[3].sigmoid() * c.tanh(), c


@op.composite(variants="function")
def gru_cell(input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None) -> Tensor:
    """One step of a gated recurrent unit."""
    torch.check_cell(input, hx, w_ih.size(1), w_hh.size(1), 0)
    x = torch.linear(input, w_ih, b_ih).chunk(3, 1)
    h = torch.linear(hx, w_hh, b_hh).chunk(3, 1)
    reset = (x[0] + h[0]).sigmoid()
    update = (x[1] + h[1]).sigmoid()
    fresh = (x[2] + reset * h[2]).tanh()
    return (hx - fresh) * update + fresh


@op.composite(variants="function")
def rnn_tanh_cell(input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None) -> Tensor:
    """One step of a plain recurrent unit with tanh."""
    torch.check_cell(input, hx, w_ih.size(1), w_hh.size(1), 0)
    return (torch.linear(input, w_ih, b_ih) + torch.linear(hx, w_hh, b_hh)).tanh()


@op.composite(variants="function")
def rnn_relu_cell(input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None) -> Tensor:
    """One step of a plain recurrent unit with relu."""
    torch.check_cell(input, hx, w_ih.size(1), w_hh.size(1), 0)
    return (torch.linear(input, w_ih, b_ih) + torch.linear(hx, w_hh, b_hh)).relu()


# --- packed sequences ------------------------------------------------------------------------------------------------------
@op.composite(variants="function", results="data batch_sizes", plain_tuple=True)
def _pack_padded_sequence(input: Tensor, lengths: Tensor, batch_first: bool) -> tuple[Tensor, Tensor]:
    """The elements of those sequences that still run, time step by time step, and how many they are at each."""
    counts = ints_of(lengths)
    x = input.transpose(0, 1) if batch_first else input
    if x.dim() < 2 or lengths.dim() != 1 or len(counts) == 0:
        raise RuntimeError("Cannot pack empty tensors.")
    if len(counts) != x.size(1):
        raise RuntimeError(f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} (batch_size={x.size(1)})")
    for i in range(len(counts)):
        if counts[i] <= 0:
            raise RuntimeError("Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0")
        if i > 0 and counts[i] > counts[i - 1]:
            raise RuntimeError("`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do not need ONNX exportability.")
    if counts[0] > x.size(0):
        raise RuntimeError("Length of a sample is more than the size of the padded sequences")
    steps: list[Tensor] = []
    running = len(counts)
    for t in range(counts[0]):
        while counts[running - 1] <= t:
            running -= 1
        steps.append(x.select(0, t).narrow(0, 0, running))
    sizes = (lengths.to(torch.int64).unsqueeze(0) > torch.arange(0, counts[0], 1, dtype=torch.int64).unsqueeze(1)).sum([1], False)
    return torch.cat(steps, 0), sizes

@_pack_padded_sequence.backward("PackPaddedSequenceBackward0")
def _(grad_data, grad_batch_sizes, input, batch_first, batch_sizes):
    d_input = torch._pad_packed_sequence(grad_data, batch_sizes, batch_first, 0, input.size(1) if batch_first else input.size(0))[0]


@op.composite(variants="function", results="output lengths", plain_tuple=True)
def _pad_packed_sequence(data: Tensor, batch_sizes: Tensor, batch_first: bool, padding_value: Scalar,
                         total_length: int) -> tuple[Tensor, Tensor]:
    """Packed sequences with padding after each, and their lengths."""
    if data.dim() < 1 or batch_sizes.dim() != 1 or batch_sizes.numel() == 0:
        raise RuntimeError("batch_sizes must have one dimension and at least one element")
    sizes = ints_of(batch_sizes)
    steps = len(sizes)
    for t in range(1, steps):
        if sizes[t] > sizes[t - 1]:
            raise RuntimeError("batch_sizes must not grow")
    if total_length > 0 and total_length < steps:
        raise RuntimeError(f"Expected total_length to be at least the length of the longest sequence in input, but got total_length={total_length} and max sequence length being {steps}")
    batch = sizes[0]
    rest = data.shape[1:data.dim()]
    rows: list[Tensor] = []
    at = 0
    for t in range(steps):
        n = sizes[t]
        row = data.narrow(0, at, n)
        if n < batch:
            row = torch.cat([row, data.new_full([batch - n] + rest, padding_value)], 0)
        rows.append(row)
        at += n
    for t in range(total_length - steps):
        rows.append(data.new_full([batch] + rest, padding_value))
    padded = torch.stack(rows, 0)
    lengths = (batch_sizes.unsqueeze(1) > torch.arange(0, batch, 1, dtype=torch.int64).unsqueeze(0)).sum([0], False)
    return padded.transpose(0, 1) if batch_first else padded, lengths
