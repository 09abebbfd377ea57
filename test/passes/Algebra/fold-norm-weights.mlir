// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-fold-norm-weights)" | FileCheck %s --check-prefixes=CHECK,F32
// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-fold-norm-weights{halves})" | FileCheck %s --check-prefixes=CHECK,HALVES
// The weight of a norm goes into those of all products that read it, or stays.

graph.file @f0 "f"
graph.weight @gamma : !graph.weight<32, f32> at @f0, 0
// CHECK: graph.weight @output : !graph.weight<64x32, f32> at @f0, 128 times <@gamma>
graph.weight @output : !graph.weight<64x32, f32> at @f0, 128
// F32: graph.weight @half : !graph.weight<32x32, f16> at @f0, 128{{$}}
// HALVES: graph.weight @half : !graph.weight<32x32, f16> at @f0, 128 times <@gamma>
graph.weight @half : !graph.weight<32x32, f16> at @f0, 128
graph.weights @block [2] {
  graph.column @gamma : !graph.weight<32, f32> at [@f0], [0, 128]
  // CHECK: graph.column @q : !graph.weight<32x32, f32> at [@f0], [256, 512] times <@block::@gamma, 1.000000e+00 : f64>
  graph.column @q : !graph.weight<32x32, f32> at [@f0], [256, 512]
  // CHECK: graph.column @k : !graph.weight<32x32, f32> at [@f0], [256, 512] rows <32> times <@block::@gamma, 1.000000e+00 : f64>
  graph.column @k : !graph.weight<32x32, f32> at [@f0], [256, 512] rows <32>
  // CHECK: graph.column @experts : !graph.weight<4x32x32, f32> at [@f0], [0, 0] times <@gamma>
  graph.column @experts : !graph.weight<4x32x32, f32> at [@f0], [0, 0]
  // CHECK: graph.column @router : !graph.weight<4x32, f32> at [@f0], [0, 0] times <@gamma>
  graph.column @router : !graph.weight<4x32, f32> at [@f0], [0, 0]
}

// CHECK-LABEL: graph.func @table
graph.func @table(%x: tensor<?x32xf32>, %i: index) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  // CHECK-NOT: graph.param @block::@gamma
  %g = graph.param @block::@gamma[%i] : !graph.weight<32, f32>
  %q = graph.param @block::@q[%i] : !graph.weight<32x32, f32>
  %k = graph.param @block::@k[%i] : !graph.weight<32x32, f32>
  // CHECK: %[[N:.*]] = graph.norm %{{[^,]*}} {eps = 1.000000e-05 : f64} : tensor<?x32xf32>{{$}}
  %n = graph.norm %x, %g {eps = 1.0e-5, offset = 1.0} : tensor<?x32xf32>, !graph.weight<32, f32>
  // CHECK: graph.linear %[[N]],
  %0 = graph.linear %n, %q : tensor<?x32xf32>, !graph.weight<32x32, f32>
  // CHECK: graph.linear %[[N]],
  %1 = graph.linear %n, %k : tensor<?x32xf32>, !graph.weight<32x32, f32>
  graph.return %0, %1 : tensor<?x32xf32>, tensor<?x32xf32>
}

// CHECK-LABEL: graph.func @logits
graph.func @logits(%x: tensor<?x32xf32>) -> tensor<?x64xf32> {
  %g = graph.param @gamma : !graph.weight<32, f32>
  %w = graph.param @output : !graph.weight<64x32, f32>
  // CHECK: graph.norm %{{[^,]*}} {eps = 1.000000e-05 : f64, kind = #graph.norm_kind<layer>} : tensor<?x32xf32>{{$}}
  %n = graph.norm %x, %g {eps = 1.0e-5, kind = #graph.norm_kind<layer>} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.logits %n, %w : tensor<?x32xf32>, !graph.weight<64x32, f32>
  graph.return %y : tensor<?x64xf32>
}

// The vector of the model serves every row of a table.
// CHECK-LABEL: graph.func @experts
graph.func @experts(%x: tensor<?x32xf32>, %i: index) -> tensor<?x64xf32> {
  %g = graph.param @gamma : !graph.weight<32, f32>
  %wr = graph.param @block::@router[%i] : !graph.weight<4x32, f32>
  %we = graph.param @block::@experts[%i] : !graph.weight<4x32x32, f32>
  // CHECK: graph.norm %{{[^,]*}} {eps
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %s = graph.linear %n, %wr : tensor<?x32xf32>, !graph.weight<4x32, f32>
  %r = graph.route %s top 2 : tensor<?x4xf32>
  %y = graph.experts %n, %r, %we each : tensor<?x32xf32>, tensor<?x4xf32>, !graph.weight<4x32x32, f32>
  graph.return %y : tensor<?x64xf32>
}

// CHECK-LABEL: graph.func @halves
graph.func @halves(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %g = graph.param @gamma : !graph.weight<32, f32>
  %w = graph.param @half : !graph.weight<32x32, f16>
  // F32: graph.norm %{{.*}}, %{{.*}} {eps
  // HALVES: graph.norm %{{[^,]*}} {eps
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.linear %n, %w : tensor<?x32xf32>, !graph.weight<32x32, f16>
  graph.return %y : tensor<?x32xf32>
}
