// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-normalize-rope)" | FileCheck %s
// An interleaved rope becomes one of halves, and the rows of the weight in front of it are unpaired.

graph.file @f0 "model.gguf"
// CHECK: graph.weight @single : !graph.weight<64x64, q8_0> at @f0, 0 rows <32>
graph.weight @single : !graph.weight<64x64, q8_0> at @f0, 0
// CHECK: graph.weight @shared : !graph.weight<64x64, q8_0> at @f0, 0 rows <64>
graph.weight @shared : !graph.weight<64x64, q8_0> at @f0, 0
// CHECK: graph.weight @part : !graph.weight<64x64, q8_0> at @f0, 0 rows <32, 16>
graph.weight @part : !graph.weight<64x64, q8_0> at @f0, 0
// CHECK: graph.weight @other : !graph.weight<64x64, q8_0> at @f0, 0{{$}}
graph.weight @other : !graph.weight<64x64, q8_0> at @f0, 0
// CHECK: graph.weight @biased : !graph.weight<64x64, q8_0> at @f0, 0 rows <32>
graph.weight @biased : !graph.weight<64x64, q8_0> at @f0, 0
// CHECK: graph.weight @bias : !graph.weight<64, f32> at @f0, 0 rows <32>
graph.weight @bias : !graph.weight<64, f32> at @f0, 0
// CHECK: graph.weight @unpaired : !graph.weight<64x64, q8_0> at @f0, 0 rows <16>
graph.weight @unpaired : !graph.weight<64x64, q8_0> at @f0, 0 rows <16>
// CHECK: graph.weight @normed : !graph.weight<64x64, q8_0> at @f0, 0 runs <32, 96> rows <32>
graph.weight @normed : !graph.weight<64x64, q8_0> at @f0, 0 runs <32, 96>
// CHECK: graph.weight @normed_behind : !graph.weight<64x64, q8_0> at @f0, 0 rows <32>
graph.weight @normed_behind : !graph.weight<64x64, q8_0> at @f0, 0
// CHECK: graph.weight @row_norm : !graph.weight<64, f32> at @f0, 0 rows <32>
graph.weight @row_norm : !graph.weight<64, f32> at @f0, 0
// CHECK: graph.weight @head_norm : !graph.weight<32, f32> at @f0, 0 rows <32>
graph.weight @head_norm : !graph.weight<32, f32> at @f0, 0
// CHECK: graph.weight @norm_bias : !graph.weight<32, f32> at @f0, 0 rows <32>
graph.weight @norm_bias : !graph.weight<32, f32> at @f0, 0
// CHECK: graph.weight @late : !graph.weight<64x64, q8_0> at @f0, 0 rows <32>
graph.weight @late : !graph.weight<64x64, q8_0> at @f0, 0
graph.weights @block [2] {
  // CHECK: graph.column @attn_q : !graph.weight<64x64, q8_0> at [@f0], [0, 8192] rows <16>
  graph.column @attn_q : !graph.weight<64x64, q8_0> at [@f0], [0, 8192]
  // CHECK: graph.column @attn_k : !graph.weight<32x64, q8_0> at [@f0], [0, 8192] rows <16>
  graph.column @attn_k : !graph.weight<32x64, q8_0> at [@f0], [0, 8192]
  // CHECK: graph.column @attn_v : !graph.weight<32x64, q8_0> at [@f0], [0, 8192]{{$}}
  graph.column @attn_v : !graph.weight<32x64, q8_0> at [@f0], [0, 8192]
}

// CHECK-LABEL: graph.layer @columns
graph.layer @columns(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x16>, %i: index) -> tensor<?x64xf32> {
  %wq = graph.param @block::@attn_q[%i] : !graph.weight<64x64, q8_0>
  %wk = graph.param @block::@attn_k[%i] : !graph.weight<32x64, q8_0>
  %wv = graph.param @block::@attn_v[%i] : !graph.weight<32x64, q8_0>
  %q = graph.linear %x, %wq : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  %k = graph.linear %x, %wk : tensor<?x64xf32>, !graph.weight<32x64, q8_0>
  %v = graph.linear %x, %wv : tensor<?x64xf32>, !graph.weight<32x64, q8_0>
  // CHECK: graph.rope %{{.*}}, %{{.*}} halves {dim = 16 : i64, head_dim = 16 : i64, theta = 1.000000e+05 : f64} : tensor<?x64xf32>
  %qr = graph.rope %q, %tok interleaved {head_dim = 16, dim = 16, theta = 1.0e5} : tensor<?x64xf32>
  // CHECK: graph.rope %{{.*}}, %{{.*}} halves {dim = 16 : i64, head_dim = 16 : i64, position_scale = 5.000000e-01 : f64, theta = 1.000000e+05 : f64} : tensor<?x32xf32>
  %kr = graph.rope %k, %tok interleaved {head_dim = 16, dim = 16, theta = 1.0e5, position_scale = 0.5} : tensor<?x32xf32>
  kv.append %kv, %kr, %v, %tok : !kv.cache<2x16>, tensor<?x32xf32>, tensor<?x32xf32>, !graph.tokens
  graph.return %qr : tensor<?x64xf32>
}

// CHECK-LABEL: graph.func @weight
graph.func @weight(%x: tensor<?x64xf32>, %tok: !graph.tokens) -> tensor<?x64xf32> {
  %w = graph.param @single : !graph.weight<64x64, q8_0>
  %q = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  // CHECK: graph.rope %{{.*}}, %{{.*}} halves
  %r = graph.rope %q, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %r : tensor<?x64xf32>
}

// CHECK-LABEL: graph.func @two_ropes_of_one_weight
graph.func @two_ropes_of_one_weight(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>, %tok: !graph.tokens) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %w = graph.param @shared : !graph.weight<64x64, q8_0>
  %w2 = graph.param @shared : !graph.weight<64x64, q8_0>
  %a = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  %b = graph.linear %y, %w2 : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  // CHECK-COUNT-2: graph.rope %{{.*}}, %{{.*}} halves
  %ra = graph.rope %a, %tok interleaved {head_dim = 64, dim = 64, theta = 1.0e5} : tensor<?x64xf32>
  %rb = graph.rope %b, %tok interleaved {head_dim = 64, dim = 64, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %ra, %rb : tensor<?x64xf32>, tensor<?x64xf32>
}

// What has halves already stays as it is, whatever is in front of it.
// CHECK-LABEL: graph.func @halves
graph.func @halves(%x: tensor<?x64xf32>, %tok: !graph.tokens) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %w = graph.param @other : !graph.weight<64x64, q8_0>
  %q = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  %u = graph.param @unpaired : !graph.weight<64x64, q8_0>
  %p = graph.linear %q, %u : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  // CHECK: graph.rope %{{.*}}, %{{.*}} halves {dim = 16 : i64, head_dim = 32 : i64,
  %r = graph.rope %q, %tok halves {head_dim = 32, dim = 16, theta = 1.0e5} : tensor<?x64xf32>
  // CHECK: graph.rope %{{.*}}, %{{.*}} halves {dim = 16 : i64, head_dim = 16 : i64,
  %s = graph.rope %p, %tok halves {head_dim = 16, dim = 16, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %r, %s : tensor<?x64xf32>, tensor<?x64xf32>
}

// A bias is reordered as the rows of its weight are.
// CHECK-LABEL: graph.func @with_bias
graph.func @with_bias(%x: tensor<?x64xf32>, %tok: !graph.tokens) -> tensor<?x64xf32> {
  %w = graph.param @biased : !graph.weight<64x64, q8_0>
  %b = graph.param @bias : !graph.weight<64, f32>
  %q = graph.linear %x, %w bias %b : tensor<?x64xf32>, !graph.weight<64x64, q8_0>, !graph.weight<64, f32>
  // CHECK: graph.rope %{{.*}}, %{{.*}} halves {dim = 32 : i64, head_dim = 32 : i64, theta = 1.000000e+05 : f64}
  %r = graph.rope %q, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %r : tensor<?x64xf32>
}

// Of a head that rotates in part, the other rows stay.
// CHECK-LABEL: graph.func @part_of_a_head
graph.func @part_of_a_head(%x: tensor<?x64xf32>, %tok: !graph.tokens) -> tensor<?x64xf32> {
  %w = graph.param @part : !graph.weight<64x64, q8_0>
  %q = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  // CHECK: graph.rope %{{.*}}, %{{.*}} halves {dim = 16 : i64, head_dim = 32 : i64
  %r = graph.rope %q, %tok interleaved {head_dim = 32, dim = 16, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %r : tensor<?x64xf32>
}

// The weight of a norm is reordered as what it is multiplied with: of whole rows as of heads, in front of the rope
// as behind it.
// CHECK-LABEL: graph.func @norms
graph.func @norms(%x: tensor<?x64xf32>, %tok: !graph.tokens) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %w = graph.param @normed : !graph.weight<64x64, q8_0>
  %n = graph.param @row_norm : !graph.weight<64, f32>
  %q = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  %m = graph.norm %q, %n {eps = 1.0e-5} : tensor<?x64xf32>, !graph.weight<64, f32>
  // CHECK: graph.rope %{{.*}}, %{{.*}} halves
  %r = graph.rope %m, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  %v = graph.param @normed_behind : !graph.weight<64x64, q8_0>
  %h = graph.param @head_norm : !graph.weight<32, f32>
  %b = graph.param @norm_bias : !graph.weight<32, f32>
  %k = graph.linear %x, %v : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  // CHECK: graph.rope %{{.*}}, %{{.*}} halves
  %s = graph.rope %k, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  %t = graph.norm %s, %h bias %b {eps = 1.0e-5, group = 32, kind = #graph.norm_kind<layer>} : tensor<?x64xf32>, !graph.weight<32, f32>, !graph.weight<32, f32>
  graph.return %r, %t : tensor<?x64xf32>, tensor<?x64xf32>
}

// The factor of a row is that of all its elements, wherever they are.
// CHECK-LABEL: graph.func @scaled_rows
graph.func @scaled_rows(%x: tensor<?x64xf32>, %f: tensor<?x1xf32>, %tok: !graph.tokens) -> tensor<?x64xf32> {
  %w = graph.param @late : !graph.weight<64x64, q8_0>
  %q = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  // CHECK: graph.scale_rows
  %s = graph.scale_rows %q, %f : tensor<?x64xf32>, tensor<?x1xf32>
  // CHECK-NEXT: graph.rope %{{.*}}, %{{.*}} halves
  %r = graph.rope %s, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %r : tensor<?x64xf32>
}
