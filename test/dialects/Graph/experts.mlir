// RUN: %frit-opt %s | FileCheck %s
// RUN: %frit-opt --mlir-print-op-generic %s | %frit-opt | FileCheck %s

graph.file @f0 "f"
graph.weights @block [2] {
  // One piece a row, or one for each expert of each row.
  // CHECK: graph.column @whole : !graph.weight<3x2x8, f32> at [@f0], [0, 192]
  graph.column @whole : !graph.weight<3x2x8, f32> at [@f0], [0, 192]
  // CHECK: graph.column @pieces : !graph.weight<3x2x8, f32> at [@f0], [0, 64, 128, 192, 256, 320]
  graph.column @pieces : !graph.weight<3x2x8, f32> at [@f0], [0, 64, 128, 192, 256, 320]
}

// CHECK-LABEL: graph.func @route
graph.func @route(%s: tensor<?x8xf32>, %b: !graph.weight<8, f32>) -> (tensor<?x4xf32>, tensor<?x16xf32>) {
  // CHECK: graph.route %{{.*}} top 2 : tensor<?x8xf32>
  %0 = graph.route %s top 2 : tensor<?x8xf32>
  // CHECK: graph.route %{{.*}} bias %{{.*}} top 8 {normalize, scale = 2.500000e+00 : f64, scoring = #graph.scoring<sigmoid>} : tensor<?x8xf32>, !graph.weight<8, f32>
  %1 = graph.route %s bias %b top 8 {normalize, scale = 2.5, scoring = #graph.scoring<sigmoid>} : tensor<?x8xf32>, !graph.weight<8, f32>
  graph.return %0, %1 : tensor<?x4xf32>, tensor<?x16xf32>
}

// CHECK-LABEL: graph.func @experts
graph.func @experts(%x: tensor<3x32xf32>, %r: tensor<3x4xf32>, %w: !graph.weight<8x64x32, q4_1>, %d: !graph.weight<8x32x64, q4_1>) -> (tensor<3x128xf32>, tensor<3x32xf32>, tensor<3x128xf32>) {
  // CHECK: %[[Y:.*]] = graph.experts %{{.*}}, %{{.*}}, %{{.*}} each : tensor<3x32xf32>, tensor<3x4xf32>, !graph.weight<8x64x32, q4_1>
  %0 = graph.experts %x, %r, %w each : tensor<3x32xf32>, tensor<3x4xf32>, !graph.weight<8x64x32, q4_1>
  // CHECK: graph.experts %[[Y]], %{{.*}}, %{{.*}} sum : tensor<3x128xf32>, tensor<3x4xf32>, !graph.weight<8x32x64, q4_1>
  %1 = graph.experts %0, %r, %d sum : tensor<3x128xf32>, tensor<3x4xf32>, !graph.weight<8x32x64, q4_1>
  %q = graph.quantize %x by 32 : tensor<3x32xf32>
  // CHECK: graph.experts %{{.*}}, %{{.*}}, %{{.*}} each : !graph.qtensor<3x32, block = 32>, tensor<3x4xf32>, !graph.weight<8x64x32, q4_1>
  %2 = graph.experts %q, %r, %w each : !graph.qtensor<3x32, block = 32>, tensor<3x4xf32>, !graph.weight<8x64x32, q4_1>
  graph.return %0, %1, %2 : tensor<3x128xf32>, tensor<3x32xf32>, tensor<3x128xf32>
}
