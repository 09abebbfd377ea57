// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-normalize-rope)" --split-input-file --verify-diagnostics
// Where rows cannot be reordered, the rope is refused.

graph.func @no_product(%x: tensor<?x64xf32>, %tok: !graph.tokens) -> tensor<?x64xf32> {
  // expected-error @+1 {{expected the input of an interleaved rope to be the only use of a product}}
  %r = graph.rope %x, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %r : tensor<?x64xf32>
}

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<64x64, q8_0> at @f0, 0
graph.func @product_used_twice(%x: tensor<?x64xf32>, %tok: !graph.tokens) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %w = graph.param @w : !graph.weight<64x64, q8_0>
  %q = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  // expected-error @+1 {{expected the input of an interleaved rope to be the only use of a product}}
  %r = graph.rope %q, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %r, %q : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<64x64, q8_0> at @f0, 0
graph.func @scaled_used_twice(%x: tensor<?x64xf32>, %f: tensor<?x1xf32>, %tok: !graph.tokens) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %w = graph.param @w : !graph.weight<64x64, q8_0>
  %q = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  %s = graph.scale_rows %q, %f : tensor<?x64xf32>, tensor<?x1xf32>
  // expected-error @+1 {{expected the input of an interleaved rope to be the only use of a product}}
  %r = graph.rope %s, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %r, %s : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

graph.func @no_param(%x: tensor<?x64xf32>, %w: !graph.weight<64x64, q8_0>, %tok: !graph.tokens) -> tensor<?x64xf32> {
  %q = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  // expected-error @+1 {{expected products and norms with a graph.param around an interleaved rope}}
  %r = graph.rope %q, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %r : tensor<?x64xf32>
}

// -----

// Unpairing twice is not unpairing once.
graph.file @f0 "f"
graph.weight @w : !graph.weight<64x64, q8_0> at @f0, 0 rows <32>
graph.func @rows_reordered_before(%x: tensor<?x64xf32>, %tok: !graph.tokens) -> tensor<?x64xf32> {
  %w = graph.param @w : !graph.weight<64x64, q8_0>
  %q = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  // expected-error @+1 {{expected @w to have rows in file order, but got #graph.unpair<32>}}
  %r = graph.rope %q, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %r : tensor<?x64xf32>
}

// -----

graph.file @f0 "f"
graph.weights @block [1] {
  graph.column @w : !graph.weight<64x64, q8_0> at [@f0], [0]
}
graph.func @two_head_sizes(%x: tensor<?x64xf32>, %tok: !graph.tokens, %i: index) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %w = graph.param @block::@w[%i] : !graph.weight<64x64, q8_0>
  %a = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  %b = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  %ra = graph.rope %a, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  // expected-error @+1 {{expected ropes of @block::@w with the same heads, but got #graph.unpair<32> and #graph.unpair<16>}}
  %rb = graph.rope %b, %tok interleaved {head_dim = 16, dim = 16, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %ra, %rb : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

// Reordered rows would change what another function computes.
graph.file @f0 "f"
graph.weight @w : !graph.weight<64x64, q8_0> at @f0, 0
graph.func @rope(%x: tensor<?x64xf32>, %tok: !graph.tokens) -> tensor<?x64xf32> {
  %w = graph.param @w : !graph.weight<64x64, q8_0>
  %q = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  %r = graph.rope %q, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %r : tensor<?x64xf32>
}
graph.func @other_use_of_the_weight(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %w = graph.param @w : !graph.weight<64x64, q8_0>
  // expected-error @+1 {{expected @w only in products and norms around an interleaved rope}}
  %q = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  graph.return %q : tensor<?x64xf32>
}

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<64x64, q8_0> at @f0, 0
graph.func @rope_of_halves(%x: tensor<?x64xf32>, %tok: !graph.tokens) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %w = graph.param @w : !graph.weight<64x64, q8_0>
  %a = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  // expected-error @+1 {{expected @w only in products and norms around an interleaved rope}}
  %b = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  %ra = graph.rope %a, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  %rb = graph.rope %b, %tok halves {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %ra, %rb : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

// All that is wrong is named at once.
graph.func @two_errors(%x: tensor<?x64xf32>, %tok: !graph.tokens) -> tensor<?x64xf32> {
  // expected-error @+1 {{expected the input of an interleaved rope}}
  %r = graph.rope %x, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  // expected-error @+1 {{expected the input of an interleaved rope}}
  %s = graph.rope %r, %tok interleaved {head_dim = 32, dim = 16, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %s : tensor<?x64xf32>
}

// -----

// Elements of half a head are others when the head is reordered.
graph.file @f0 "f"
graph.weight @w : !graph.weight<64x64, q8_0> at @f0, 0
graph.weight @n : !graph.weight<16, f32> at @f0, 0
graph.func @norm_of_half_a_head(%x: tensor<?x64xf32>, %tok: !graph.tokens) -> tensor<?x64xf32> {
  %w = graph.param @w : !graph.weight<64x64, q8_0>
  %n = graph.param @n : !graph.weight<16, f32>
  %q = graph.linear %x, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  // expected-error @+1 {{expected a norm of whole heads of 32 beside an interleaved rope, but got one of 16}}
  %m = graph.norm %q, %n {eps = 1.0e-5, group = 16} : tensor<?x64xf32>, !graph.weight<16, f32>
  %r = graph.rope %m, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %r : tensor<?x64xf32>
}

// -----

graph.file @f0 "f"
graph.weight @w : !graph.weight<64x64, q8_0> at @f0, 0
graph.weight @n : !graph.weight<64, f32> at @f0, 0
graph.func @other_use_of_the_norm(%x: tensor<?x64xf32>, %tok: !graph.tokens) -> tensor<?x64xf32> {
  %w = graph.param @w : !graph.weight<64x64, q8_0>
  %n = graph.param @n : !graph.weight<64, f32>
  // expected-error @+1 {{expected @n only in products and norms around an interleaved rope}}
  %y = graph.norm %x, %n {eps = 1.0e-5} : tensor<?x64xf32>, !graph.weight<64, f32>
  %q = graph.linear %y, %w : tensor<?x64xf32>, !graph.weight<64x64, q8_0>
  %m = graph.norm %q, %n {eps = 1.0e-5} : tensor<?x64xf32>, !graph.weight<64, f32>
  %r = graph.rope %m, %tok interleaved {head_dim = 32, dim = 32, theta = 1.0e5} : tensor<?x64xf32>
  graph.return %r : tensor<?x64xf32>
}
