// Attention and transformers.
#include <cmath>
#include <limits>

#include "torch/nn/modules.h"

namespace torch {
namespace nn {

namespace F = torch::nn::functional;

namespace {

/// Everything above `keep` masked: bool masks become minus infinity.
Tensor additive(const Tensor& mask, ScalarType dtype) {
  if (mask.scalar_type() != kBool && mask.scalar_type() != kByte) return mask;
  return torch::zeros(mask.sizes(), TensorOptions(dtype))
      .masked_fill(mask.to(kBool), -std::numeric_limits<double>::infinity());
}

}  // namespace

MultiheadAttentionImpl::MultiheadAttentionImpl(const MultiheadAttentionOptions& o)
    : Cloneable("torch::nn::MultiheadAttention"), options(o) {
  MultiheadAttentionImpl::reset();
}

void MultiheadAttentionImpl::reset() {
  if (options.kdim() == 0) options.kdim(options.embed_dim());
  if (options.vdim() == 0) options.vdim(options.embed_dim());
  const int64_t e = options.embed_dim();
  _qkv_same_embed_dim = options.kdim() == e && options.vdim() == e;
  head_dim = e / options.num_heads();
  TORCH_CHECK(head_dim * options.num_heads() == e, "embed_dim must be divisible by num_heads");
  if (!_qkv_same_embed_dim) {
    q_proj_weight = register_parameter("q_proj_weight", torch::empty({e, e}));
    k_proj_weight = register_parameter("k_proj_weight", torch::empty({e, options.kdim()}));
    v_proj_weight = register_parameter("v_proj_weight", torch::empty({e, options.vdim()}));
    register_parameter("in_proj_weight", {}, /*requires_grad=*/false);
  } else {
    in_proj_weight = register_parameter("in_proj_weight", torch::empty({3 * e, e}));
    register_parameter("q_proj_weight", {}, /*requires_grad=*/false);
    register_parameter("k_proj_weight", {}, /*requires_grad=*/false);
    register_parameter("v_proj_weight", {}, /*requires_grad=*/false);
  }
  if (options.bias())
    in_proj_bias = register_parameter("in_proj_bias", torch::empty(3 * e));
  else
    register_parameter("in_proj_bias", {}, /*requires_grad=*/false);
  out_proj = register_module("out_proj", Linear(LinearOptions(e, e).bias(options.bias())));
  if (options.add_bias_kv()) {
    bias_k = register_parameter("bias_k", torch::empty({1, 1, e}));
    bias_v = register_parameter("bias_v", torch::empty({1, 1, e}));
  } else {
    bias_k.reset();
    bias_v.reset();
  }
  _reset_parameters();
}

void MultiheadAttentionImpl::_reset_parameters() {
  if (_qkv_same_embed_dim) {
    init::xavier_uniform_(in_proj_weight);
  } else {
    init::xavier_uniform_(q_proj_weight);
    init::xavier_uniform_(k_proj_weight);
    init::xavier_uniform_(v_proj_weight);
  }
  if (in_proj_bias.defined()) {
    init::constant_(in_proj_bias, 0.);
    init::constant_(out_proj->bias, 0.);
  }
  if (bias_k.defined()) init::xavier_normal_(bias_k);
  if (bias_v.defined()) init::xavier_normal_(bias_v);
}

std::tuple<Tensor, Tensor> MultiheadAttentionImpl::forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                                           const Tensor& key_padding_mask_in, bool need_weights,
                                                           const Tensor& attn_mask_in, bool average_attn_weights) {
  const int64_t target = query.size(0), batch = query.size(1), e = query.size(2), heads = options.num_heads();
  TORCH_CHECK(e == options.embed_dim(), "was expecting embedding dimension of ", options.embed_dim(), ", but got ", e);
  TORCH_CHECK(key.size(0) == value.size(0) && key.size(1) == value.size(1), "key's sequence and batch dims ",
              key.sizes(), " do not match value's ", value.sizes());
  std::vector<Tensor> w, b(3);
  if (_qkv_same_embed_dim)
    w = in_proj_weight.chunk(3, 0);
  else
    w = {q_proj_weight, k_proj_weight, v_proj_weight};
  if (in_proj_bias.defined()) b = in_proj_bias.chunk(3, 0);
  const double scale = 1.0 / std::sqrt(static_cast<double>(head_dim));
  Tensor q = F::linear(query, w[0], b[0]) * scale, k = F::linear(key, w[1], b[1]), v = F::linear(value, w[2], b[2]);
  Tensor attn_mask = attn_mask_in, padding = key_padding_mask_in;
  if (attn_mask.defined()) {
    attn_mask = additive(attn_mask, q.scalar_type());
    if (attn_mask.dim() == 2) attn_mask = attn_mask.unsqueeze(0);
  }
  if (bias_k.defined() && bias_v.defined()) {
    k = torch::cat({k, bias_k.repeat({1, batch, 1})});
    v = torch::cat({v, bias_v.repeat({1, batch, 1})});
    if (attn_mask.defined()) attn_mask = F::pad(attn_mask, F::PadFuncOptions({0, 1}));
    if (padding.defined()) padding = F::pad(padding, F::PadFuncOptions({0, 1}));
  }
  auto split = [&](const Tensor& t) { return t.contiguous().view({-1, batch * heads, head_dim}).transpose(0, 1); };
  q = split(q);
  k = split(k);
  v = split(v);
  if (options.add_zero_attn()) {
    k = torch::cat({k, torch::zeros({k.size(0), 1, k.size(2)}, k.options())}, 1);
    v = torch::cat({v, torch::zeros({v.size(0), 1, v.size(2)}, v.options())}, 1);
    if (attn_mask.defined()) attn_mask = F::pad(attn_mask, F::PadFuncOptions({0, 1}));
    if (padding.defined()) padding = F::pad(padding, F::PadFuncOptions({0, 1}));
  }
  const int64_t source = k.size(1);
  Tensor weights = torch::bmm(q, k.transpose(1, 2));
  if (attn_mask.defined()) weights = weights + attn_mask;
  if (padding.defined()) {
    TORCH_CHECK(padding.size(0) == batch && padding.size(1) == source, "key_padding_mask must be of size ", batch,
                " x ", source, ", but got ", padding.sizes());
    weights = weights.view({batch, heads, target, source});
    Tensor mask = padding.unsqueeze(1).unsqueeze(2);
    weights = mask.scalar_type() == kBool ? weights.masked_fill(mask, -std::numeric_limits<double>::infinity())
                                          : weights + additive(mask, weights.scalar_type());
    weights = weights.view({batch * heads, target, source});
  }
  weights = F::softmax(weights, -1);
  weights = F::dropout(weights, F::DropoutFuncOptions().p(options.dropout()).training(is_training()));
  Tensor out = torch::bmm(weights, v).transpose(0, 1).contiguous().view({target, batch, e});
  out = F::linear(out, out_proj->weight, out_proj->bias);
  if (!need_weights) return {out, Tensor()};
  weights = weights.view({batch, heads, target, source});
  if (average_attn_weights) weights = weights.sum(1) / heads;
  return {out, weights};
}

namespace {
Tensor activate(const activation_t& activation, const Tensor& x) {
  if (c10::holds_alternative<enumtype::kGELU>(activation)) return F::gelu(x);
  if (c10::holds_alternative<enumtype::kReLU>(activation)) return F::relu(x);
  return std::get<std::function<Tensor(const Tensor&)>>(activation)(x);
}
}  // namespace

TransformerEncoderLayerImpl::TransformerEncoderLayerImpl(TransformerEncoderLayerOptions o) : options(std::move(o)) {
  reset();
}
void TransformerEncoderLayerImpl::reset() {
  const int64_t d = options.d_model();
  self_attn = register_module(
      "self_attn", MultiheadAttention(MultiheadAttentionOptions(d, options.nhead()).dropout(options.dropout())));
  linear1 = register_module("linear1", Linear(d, options.dim_feedforward()));
  dropout = register_module("dropout", Dropout(options.dropout()));
  linear2 = register_module("linear2", Linear(options.dim_feedforward(), d));
  norm1 = register_module("norm1", LayerNorm(LayerNormOptions({d})));
  norm2 = register_module("norm2", LayerNorm(LayerNormOptions({d})));
  dropout1 = register_module("dropout1", Dropout(options.dropout()));
  dropout2 = register_module("dropout2", Dropout(options.dropout()));
  reset_parameters();
}
void TransformerEncoderLayerImpl::reset_parameters() {}
Tensor TransformerEncoderLayerImpl::forward(const Tensor& src, const Tensor& src_mask,
                                            const Tensor& src_key_padding_mask) {
  Tensor x = std::get<0>(self_attn->forward(src, src, src, src_key_padding_mask, /*need_weights=*/false, src_mask));
  x = norm1(src + dropout1(x));
  Tensor y = linear2(dropout(activate(options.activation(), linear1(x))));
  return norm2(x + dropout2(y));
}

TransformerDecoderLayerImpl::TransformerDecoderLayerImpl(TransformerDecoderLayerOptions o) : options(std::move(o)) {
  reset();
}
void TransformerDecoderLayerImpl::reset() {
  const int64_t d = options.d_model();
  auto attention = [&] {
    return MultiheadAttention(MultiheadAttentionOptions(d, options.nhead()).dropout(options.dropout()));
  };
  self_attn = register_module("self_attn", attention());
  dropout1 = register_module("dropout1", Dropout(options.dropout()));
  norm1 = register_module("norm1", LayerNorm(LayerNormOptions({d})));
  multihead_attn = register_module("multihead_attn", attention());
  dropout2 = register_module("dropout2", Dropout(options.dropout()));
  norm2 = register_module("norm2", LayerNorm(LayerNormOptions({d})));
  linear1 = register_module("linear1", Linear(d, options.dim_feedforward()));
  dropout = register_module("dropout", Dropout(options.dropout()));
  linear2 = register_module("linear2", Linear(options.dim_feedforward(), d));
  dropout3 = register_module("dropout3", Dropout(options.dropout()));
  norm3 = register_module("norm3", LayerNorm(LayerNormOptions({d})));
  reset_parameters();
}
void TransformerDecoderLayerImpl::reset_parameters() {}
Tensor TransformerDecoderLayerImpl::forward(Tensor tgt, const Tensor& memory, const Tensor& tgt_mask,
                                            const Tensor& memory_mask, const Tensor& tgt_key_padding_mask,
                                            const Tensor& memory_key_padding_mask) {
  Tensor x = std::get<0>(self_attn->forward(tgt, tgt, tgt, tgt_key_padding_mask, false, tgt_mask));
  tgt = norm1(tgt + dropout1(x));
  x = std::get<0>(multihead_attn->forward(tgt, memory, memory, memory_key_padding_mask, false, memory_mask));
  tgt = norm2(tgt + dropout2(x));
  x = linear2(dropout(activate(options.activation(), linear1(tgt))));
  return norm3(tgt + dropout3(x));
}

TransformerEncoderImpl::TransformerEncoderImpl(TransformerEncoderOptions o) : options(std::move(o)) { reset(); }
void TransformerEncoderImpl::reset() {
  layers = register_module("layers", ModuleList());
  for (int64_t i = 0; i < options.num_layers(); i++) layers->push_back(options.encoder_layer()->clone());
  if (!options.norm().is_empty()) {
    norm = options.norm().clone();
    register_module("norm", norm.ptr());
  }
}
void TransformerEncoderImpl::reset_parameters() {
  for (auto& layer : *layers) layer->as<TransformerEncoderLayer>()->reset_parameters();
}
Tensor TransformerEncoderImpl::forward(const Tensor& src, const Tensor& src_mask, const Tensor& src_key_padding_mask) {
  Tensor out = src;
  for (auto& layer : *layers) out = layer->as<TransformerEncoderLayer>()->forward(out, src_mask, src_key_padding_mask);
  return norm.is_empty() ? out : norm.forward<Tensor>(out);
}

TransformerDecoderImpl::TransformerDecoderImpl(TransformerDecoderOptions o) : options(std::move(o)) { reset(); }
void TransformerDecoderImpl::reset() {
  layers = register_module("layers", ModuleList());
  for (int64_t i = 0; i < options.num_layers(); i++) layers->push_back(options.decoder_layer()->clone());
  if (!options.norm().is_empty()) {
    norm = options.norm().clone();
    register_module("norm", norm.ptr());
  }
}
void TransformerDecoderImpl::reset_parameters() {
  for (auto& layer : *layers) layer->as<TransformerDecoderLayer>()->reset_parameters();
}
Tensor TransformerDecoderImpl::forward(const Tensor& tgt, const Tensor& memory, const Tensor& tgt_mask,
                                       const Tensor& memory_mask, const Tensor& tgt_key_padding_mask,
                                       const Tensor& memory_key_padding_mask) {
  Tensor out = tgt;
  for (auto& layer : *layers)
    out = layer->as<TransformerDecoderLayer>()->forward(out, memory, tgt_mask, memory_mask, tgt_key_padding_mask,
                                                        memory_key_padding_mask);
  return norm.is_empty() ? out : norm.forward<Tensor>(out);
}

TransformerImpl::TransformerImpl(TransformerOptions o) : options(std::move(o)) { reset(); }
void TransformerImpl::reset() {
  const int64_t d = options.d_model();
  if (options.custom_encoder().is_empty()) {
    LayerNorm final_norm(LayerNormOptions({d}));
    TransformerEncoder made(TransformerEncoderOptions(TransformerEncoderLayerOptions(d, options.nhead())
                                                          .dim_feedforward(options.dim_feedforward())
                                                          .dropout(options.dropout())
                                                          .activation(options.activation()),
                                                      options.num_encoder_layers())
                                .norm(AnyModule(final_norm)));
    encoder = AnyModule(made);
  } else {
    encoder = options.custom_encoder().clone();
  }
  register_module("encoder", encoder.ptr());
  if (options.custom_decoder().is_empty()) {
    LayerNorm final_norm(LayerNormOptions({d}));
    TransformerDecoder made(TransformerDecoderOptions(TransformerDecoderLayerOptions(d, options.nhead())
                                                          .dim_feedforward(options.dim_feedforward())
                                                          .dropout(options.dropout())
                                                          .activation(options.activation()),
                                                      options.num_decoder_layers())
                                .norm(AnyModule(final_norm)));
    decoder = AnyModule(made);
  } else {
    decoder = options.custom_decoder().clone();
  }
  register_module("decoder", decoder.ptr());
  reset_parameters();
}
void TransformerImpl::reset_parameters() {
  for (auto& p : parameters())
    if (p.dim() > 1) init::xavier_uniform_(p);
}
Tensor TransformerImpl::forward(const Tensor& src, const Tensor& tgt, const Tensor& src_mask, const Tensor& tgt_mask,
                                const Tensor& memory_mask, const Tensor& src_key_padding_mask,
                                const Tensor& tgt_key_padding_mask, const Tensor& memory_key_padding_mask) {
  TORCH_CHECK(src.dim() == 3 && tgt.dim() == 3, "src and tgt should have 3 dimensions, but got ", src.dim(), " and ",
              tgt.dim());
  TORCH_CHECK(src.size(1) == tgt.size(1), "src and tgt should have equal batch size (at dim 1), but got ", src.size(1),
              " and ", tgt.size(1));
  TORCH_CHECK(src.size(2) == options.d_model() && tgt.size(2) == options.d_model(),
              "src and tgt should have same feature size as d_model (at dim 2), but got ", src.size(2), " and ",
              tgt.size(2), " while d_model is ", options.d_model());
  Tensor memory = encoder.forward<Tensor>(src, src_mask, src_key_padding_mask);
  return decoder.forward<Tensor>(tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask);
}
Tensor TransformerImpl::generate_square_subsequent_mask(int64_t size) {
  return torch::triu(torch::full({size, size}, -std::numeric_limits<float>::infinity()), 1);
}

}  // namespace nn
}  // namespace torch
