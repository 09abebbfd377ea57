// RUN: %frit-opt %s | FileCheck %s
// RUN: %frit-opt --mlir-print-op-generic %s | %frit-opt | FileCheck %s

// CHECK-LABEL: graph.func @embed
graph.func @embed(%tok: !graph.tokens, %w: !graph.weight<16x8, f32>) {
  // CHECK: graph.embed %{{.*}}, %{{.*}} : !graph.weight<16x8, f32>
  %0 = graph.embed %tok, %w : !graph.weight<16x8, f32>
  // CHECK: graph.embed %{{.*}}, %{{.*}} {scale = 2.000000e+00 : f64} : !graph.weight<16x8, f32>
  %1 = graph.embed %tok, %w {scale = 2.0} : !graph.weight<16x8, f32>
  graph.return
}

// CHECK-LABEL: graph.func @norm
graph.func @norm(%x: tensor<?x8xf32>, %w: !graph.weight<8, f32>, %g: !graph.weight<4, f32>) {
  // CHECK: graph.norm %{{.*}}, %{{.*}} {eps = 1.000000e-05 : f64} : tensor<?x8xf32>, !graph.weight<8, f32>
  %0 = graph.norm %x, %w {eps = 1.0e-5} : tensor<?x8xf32>, !graph.weight<8, f32>
  // CHECK: graph.norm %{{.*}}, %{{.*}} bias %{{.*}} {eps = 1.000000e-05 : f64, kind = #graph.norm_kind<layer>, offset = 1.000000e+00 : f64} : tensor<?x8xf32>, !graph.weight<8, f32>, !graph.weight<8, f32>
  %1 = graph.norm %x, %w bias %w {eps = 1.0e-5, kind = #graph.norm_kind<layer>, offset = 1.0} : tensor<?x8xf32>, !graph.weight<8, f32>, !graph.weight<8, f32>
  // CHECK: graph.norm %{{.*}}, %{{.*}} {eps = 1.000000e-05 : f64, group = 4 : i64} : tensor<?x8xf32>, !graph.weight<4, f32>
  %2 = graph.norm %x, %g {eps = 1.0e-5, group = 4 : i64} : tensor<?x8xf32>, !graph.weight<4, f32>
  graph.return
}

// CHECK-LABEL: graph.func @scales
graph.func @scales(%x: tensor<3x8xf32>, %w: !graph.weight<8, f32>) -> (tensor<3x8xf32>, tensor<3x1xf32>, tensor<3x8xf32>) {
  // CHECK: graph.norm %{{[^,]*}} {eps = 1.000000e-05 : f64} : tensor<3x8xf32>{{$}}
  %n = graph.norm %x {eps = 1.0e-5} : tensor<3x8xf32>
  // CHECK: graph.row_factor %{{.*}} {eps = 1.000000e-05 : f64} : tensor<3x8xf32>
  %r = graph.row_factor %x {eps = 1.0e-5} : tensor<3x8xf32>
  // CHECK: graph.scale_columns %{{.*}}, %{{.*}} {offset = 1.000000e+00 : f64} : tensor<3x8xf32>, !graph.weight<8, f32>
  %0 = graph.scale_columns %x, %w {offset = 1.0} : tensor<3x8xf32>, !graph.weight<8, f32>
  // CHECK: graph.scale_columns %{{.*}}, %{{.*}} : tensor<3x8xf32>, !graph.weight<8, f32>
  %1 = graph.scale_columns %x, %w : tensor<3x8xf32>, !graph.weight<8, f32>
  // CHECK: graph.scale_rows %{{.*}}, %{{.*}} : tensor<3x8xf32>, tensor<3x1xf32>
  %2 = graph.scale_rows %1, %r : tensor<3x8xf32>, tensor<3x1xf32>
  graph.return %2, %r, %0 : tensor<3x8xf32>, tensor<3x1xf32>, tensor<3x8xf32>
}

// CHECK-LABEL: graph.func @products
graph.func @products(%x: tensor<3x32xf32>, %d: tensor<?x32xf64>, %w: !graph.weight<4x32, q4_1>, %b: !graph.weight<4, f32>) -> (tensor<3x4xf32>, tensor<?x4xf64>, tensor<3x4xf32>) {
  // CHECK: %[[Q:.*]] = graph.quantize %{{.*}} by 32 : tensor<3x32xf32>
  %q = graph.quantize %x by 32 : tensor<3x32xf32>
  // CHECK: graph.linear %{{.*}}, %{{.*}} : tensor<3x32xf32>, !graph.weight<4x32, q4_1>
  %0 = graph.linear %x, %w : tensor<3x32xf32>, !graph.weight<4x32, q4_1>
  // CHECK: graph.linear %{{.*}}, %{{.*}} : tensor<?x32xf64>, !graph.weight<4x32, q4_1>
  %1 = graph.linear %d, %w : tensor<?x32xf64>, !graph.weight<4x32, q4_1>
  // CHECK: graph.linear %[[Q]], %{{.*}} bias %{{.*}} : !graph.qtensor<3x32, block = 32>, !graph.weight<4x32, q4_1>, !graph.weight<4, f32>
  %2 = graph.linear %q, %w bias %b : !graph.qtensor<3x32, block = 32>, !graph.weight<4x32, q4_1>, !graph.weight<4, f32>
  // CHECK: graph.logits %{{.*}}, %{{.*}} : tensor<3x32xf32>, !graph.weight<4x32, q4_1>
  %3 = graph.logits %x, %w : tensor<3x32xf32>, !graph.weight<4x32, q4_1>
  // CHECK: graph.logits %[[Q]], %{{.*}} bias %{{.*}} {scale = 5.000000e-01 : f64, softcap = 3.000000e+01 : f64} : !graph.qtensor<3x32, block = 32>, !graph.weight<4x32, q4_1>, !graph.weight<4, f32>
  %4 = graph.logits %q, %w bias %b {scale = 0.5, softcap = 30.0} : !graph.qtensor<3x32, block = 32>, !graph.weight<4x32, q4_1>, !graph.weight<4, f32>
  // The products of both are [3, 4] of f32, whatever the weight.
  // CHECK: graph.return %{{.*}}, %{{.*}}, %{{.*}} : tensor<3x4xf32>, tensor<?x4xf64>, tensor<3x4xf32>
  graph.return %0, %1, %4 : tensor<3x4xf32>, tensor<?x4xf64>, tensor<3x4xf32>
}

// CHECK-LABEL: graph.func @rope
graph.func @rope(%x: tensor<?x8xf32>, %tok: !graph.tokens) {
  // CHECK: graph.rope %{{.*}}, %{{.*}} halves {dim = 4 : i64, head_dim = 4 : i64, theta = 1.000000e+05 : f64} : tensor<?x8xf32>
  %0 = graph.rope %x, %tok halves {head_dim = 4, dim = 4, theta = 1.0e5} : tensor<?x8xf32>
  // CHECK: graph.rope %{{.*}}, %{{.*}} interleaved {dim = 2 : i64, head_dim = 8 : i64, position_scale = 2.500000e-01 : f64, theta = 1.000000e+05 : f64} : tensor<?x8xf32>
  %1 = graph.rope %x, %tok interleaved {head_dim = 8, dim = 2, theta = 1.0e5, position_scale = 0.25} : tensor<?x8xf32>
  // CHECK: graph.rope %{{.*}} {dim = 2 : i64, frequencies = #graph.frequencies<magnitude = 1.500000e+00 : f64, factors = [2.000000e+00], long_factors = [4.000000e+00], original_context = 8>
  %2 = graph.rope %x, %tok halves {head_dim = 8, dim = 2, theta = 1.0e5, frequencies = #graph.frequencies<magnitude = 1.5 : f64, factors = [2.0], long_factors = [4.0], original_context = 8>} : tensor<?x8xf32>
  graph.return
}

// CHECK-LABEL: graph.func @attention
graph.func @attention(%q: tensor<4x8xf32>, %kv: !kv.cache<1x4, value_dim = 6>, %tok: !graph.tokens, %k: tensor<7x4xf32>, %v: tensor<7x6xf32>) -> (tensor<4x12xf32>, tensor<4x12xf32>) {
  // CHECK: graph.attention %{{.*}} cache %{{.*}}, %{{.*}} heads 2 over 1 {mask = #graph.mask<causal>, scale = 5.000000e-01 : f64, softcap = 5.000000e+01 : f64, window = 3 : i64} : tensor<4x8xf32>, !kv.cache<1x4, value_dim = 6>, !graph.tokens
  %0 = graph.attention %q cache %kv, %tok heads 2 over 1 {scale = 0.5, mask = #graph.mask<causal>, window = 3, softcap = 50.0} : tensor<4x8xf32>, !kv.cache<1x4, value_dim = 6>, !graph.tokens
  // CHECK: graph.attention %{{.*}} keys %{{.*}}, %{{.*}} heads 2 over 1 {scale = 5.000000e-01 : f64} : tensor<4x8xf32> keys tensor<7x4xf32>, tensor<7x6xf32>
  %1 = graph.attention %q keys %k, %v heads 2 over 1 {scale = 0.5} : tensor<4x8xf32> keys tensor<7x4xf32>, tensor<7x6xf32>
  graph.return %0, %1 : tensor<4x12xf32>, tensor<4x12xf32>
}

// CHECK-LABEL: graph.func @elementwise
graph.func @elementwise(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>, %tok: !graph.tokens) {
  // CHECK: graph.glu %{{.*}}, %{{.*}} silu : tensor<?x8xf32>
  %0 = graph.glu %x, %y silu : tensor<?x8xf32>
  // CHECK: graph.glu %{{.*}}, %{{.*}} gelu : tensor<?x8xf32>
  %1 = graph.glu %x, %y gelu : tensor<?x8xf32>
  // CHECK: graph.glu %{{.*}}, %{{.*}} gelu_tanh : tensor<?x8xf32>
  %2 = graph.glu %x, %y gelu_tanh : tensor<?x8xf32>
  // CHECK: graph.activation %{{.*}} silu : tensor<?x8xf32>
  %6 = graph.activation %x silu : tensor<?x8xf32>
  // CHECK: graph.activation %{{.*}} relu {tag} : tensor<?x8xf32>
  %7 = graph.activation %x relu {tag} : tensor<?x8xf32>
  // CHECK: graph.activation %{{.*}} relu_squared : tensor<?x8xf32>
  %8 = graph.activation %x relu_squared : tensor<?x8xf32>
  // CHECK: graph.residual %{{.*}}, %{{.*}} : tensor<?x8xf32>
  %3 = graph.residual %x, %y : tensor<?x8xf32>
  // CHECK: graph.residual %{{.*}}, %{{.*}} {scale = 5.000000e-01 : f64} : tensor<?x8xf32>
  %4 = graph.residual %x, %y {scale = 0.5} : tensor<?x8xf32>
  // CHECK: graph.select %{{.*}}, %{{.*}} : tensor<?x8xf32>
  %5 = graph.select %x, %tok : tensor<?x8xf32>
  graph.return
}
