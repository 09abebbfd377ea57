// RUN: %frit-opt --split-input-file --verify-diagnostics %s

graph.func @route_none(%s: tensor<?x8xf32>) {
  // expected-error @+1 {{attribute 'top' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %r = "graph.route"(%s) {top = 0 : i64} : (tensor<?x8xf32>) -> tensor<?x0xf32>
  graph.return
}

// -----

graph.func @route_too_many(%s: tensor<?x8xf32>) {
  // expected-error @+1 {{expected to choose 1 to 8 experts, but got 9}}
  %r = graph.route %s top 9 : tensor<?x8xf32>
  graph.return
}

// -----

graph.func @route_bias(%s: tensor<?x8xf32>, %b: !graph.weight<7, f32>) {
  // expected-error @+1 {{expected a bias of 8 elements, but got 7}}
  %r = graph.route %s bias %b top 2 : tensor<?x8xf32>, !graph.weight<7, f32>
  graph.return
}

// -----

graph.func @route_scale(%s: tensor<?x8xf32>) {
  // expected-error @+1 {{expected a finite scale, but got 0x7FF8000000000000 : f64}}
  %r = graph.route %s top 2 {scale = 0x7FF8000000000000 : f64} : tensor<?x8xf32>
  graph.return
}

// -----

graph.func @experts_rank(%x: tensor<?x32xf32>, %r: tensor<?x4xf32>, %w: !graph.weight<64x32, f32>) {
  // expected-error @+1 {{expected a weight of rank 3, but got '!graph.weight<64x32, f32>'}}
  %y = graph.experts %x, %r, %w each : tensor<?x32xf32>, tensor<?x4xf32>, !graph.weight<64x32, f32>
  graph.return
}

// -----

graph.func @experts_routes(%x: tensor<?x32xf32>, %r: tensor<?x3xf32>, %w: !graph.weight<8x64x32, f32>) {
  // expected-error @+1 {{expected routes [tokens, 2 x top], but got 'tensor<?x3xf32>'}}
  %y = graph.experts %x, %r, %w each : tensor<?x32xf32>, tensor<?x3xf32>, !graph.weight<8x64x32, f32>
  graph.return
}

// -----

graph.func @experts_rows(%x: tensor<3x32xf32>, %r: tensor<2x4xf32>, %w: !graph.weight<8x64x32, f32>) {
  // expected-error @+1 {{expected as many rows of routes as of the input, but got 2 and 3}}
  %y = graph.experts %x, %r, %w each : tensor<3x32xf32>, tensor<2x4xf32>, !graph.weight<8x64x32, f32>
  graph.return
}

// -----

graph.func @experts_more_than_there_are(%x: tensor<?x32xf32>, %r: tensor<?x18xf32>, %w: !graph.weight<8x64x32, f32>) {
  // expected-error @+1 {{expected routes to at most 8 experts, but got 9}}
  %y = graph.experts %x, %r, %w each : tensor<?x32xf32>, tensor<?x18xf32>, !graph.weight<8x64x32, f32>
  graph.return
}

// -----

graph.func @experts_each_columns(%x: tensor<?x64xf32>, %r: tensor<?x4xf32>, %w: !graph.weight<8x64x32, f32>) {
  // expected-error @+1 {{expected 32 input columns to match the weight, but got 64}}
  %y = graph.experts %x, %r, %w each : tensor<?x64xf32>, tensor<?x4xf32>, !graph.weight<8x64x32, f32>
  graph.return
}

// -----

graph.func @experts_sum_columns(%x: tensor<?x32xf32>, %r: tensor<?x4xf32>, %w: !graph.weight<8x64x32, f32>) {
  // expected-error @+1 {{expected 2 times 32 input columns to match the weight, but got 32}}
  %y = graph.experts %x, %r, %w sum : tensor<?x32xf32>, tensor<?x4xf32>, !graph.weight<8x64x32, f32>
  graph.return
}

// -----

graph.func @experts_int8_of_floats(%x: !graph.qtensor<?x32, block = 32>, %r: tensor<?x4xf32>, %w: !graph.weight<8x64x32, f16>) {
  // expected-error @+1 {{expected a quantized weight for int8 activations, but got '!graph.weight<8x64x32, f16>'}}
  %y = graph.experts %x, %r, %w each : !graph.qtensor<?x32, block = 32>, tensor<?x4xf32>, !graph.weight<8x64x32, f16>
  graph.return
}

// -----

graph.func @linear_of_experts(%x: tensor<?x32xf32>, %w: !graph.weight<8x64x32, f16>) {
  // expected-error @+1 {{expected a weight of rank 2, but got '!graph.weight<8x64x32, f16>'}}
  %y = graph.linear %x, %w : tensor<?x32xf32>, !graph.weight<8x64x32, f16>
  graph.return
}

// -----

graph.func @experts_of_other_routes(%s: tensor<?x8xf32>, %x: tensor<?x32xf32>, %w: !graph.weight<4x64x32, f32>) {
  %r = graph.route %s top 2 : tensor<?x8xf32>
  // expected-error @+1 {{expected routes to 4 experts, but got 8}}
  %y = graph.experts %x, %r, %w each : tensor<?x32xf32>, tensor<?x4xf32>, !graph.weight<4x64x32, f32>
  graph.return
}

// -----

graph.file @f0 "f"
graph.weights @block [1] {
  // expected-error @+1 {{expected rows in whole groups of 4 for unpair, but got '!graph.weight<4x6x32, f32>'}}
  graph.column @w : !graph.weight<4x6x32, f32> at [@f0], [0] rows <4>
}
