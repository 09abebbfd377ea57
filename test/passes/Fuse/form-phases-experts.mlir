// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases)" | FileCheck %s
// Routes are computed again in front of each group of products with experts, like a norm.

// CHECK-LABEL: kernel.phase @decoder.router(
// CHECK: graph.norm {{.*}}kernel.role = #kernel.role<prologue>
// CHECK: graph.linear {{.*}} {kernel.role = #kernel.role<anchor>}
// CHECK: kernel.yield

// CHECK-LABEL: kernel.phase @decoder.gate.up(
// CHECK-SAME: tensor<?x64xf32>{{.*}} tensor<?x5xf32>{{.*}}) -> tensor<?x192xf32>
// CHECK-DAG: graph.norm {{.*}}kernel.role = #kernel.role<prologue>
// CHECK-DAG: graph.route {{.*}}kernel.role = #kernel.role<prologue>
// CHECK-DAG: graph.quantize {{.*}} {kernel.role = #kernel.role<prologue>}
// CHECK: graph.experts {{.*}} each {kernel.role = #kernel.role<anchor>}
// CHECK: graph.experts {{.*}} each {kernel.role = #kernel.role<anchor>}
// CHECK: graph.glu {{.*}} silu {kernel.role = #kernel.role<epilogue>}

// CHECK-LABEL: kernel.phase @decoder.down(
// CHECK-DAG: graph.route {{.*}}kernel.role = #kernel.role<prologue>
// CHECK-DAG: graph.quantize {{.*}} {kernel.role = #kernel.role<prologue>}
// CHECK: graph.experts {{.*}} sum {kernel.role = #kernel.role<anchor>}
// CHECK: graph.residual {{.*}} {kernel.role = #kernel.role<epilogue>}

// CHECK-LABEL: graph.layer @decoder(
// CHECK: %[[S:.*]] = kernel.call @decoder.router(
// CHECK: %[[F:.*]] = kernel.call @decoder.gate.up(%{{.*}}%[[S]]
// CHECK: kernel.call @decoder.down(%{{.*}}%[[F]]
graph.file @f0 "f"
graph.weights @block [2] {
  graph.column @norm : !graph.weight<64, f32> at [@f0], [0, 65536]
  graph.column @router : !graph.weight<5x64, f32> at [@f0], [0, 65536]
  graph.column @bias : !graph.weight<5, f32> at [@f0], [0, 65536]
  graph.column @gate : !graph.weight<5x96x64, q8_0> at [@f0], [0, 65536]
  graph.column @up : !graph.weight<5x96x64, q8_0> at [@f0], [0, 65536]
  graph.column @down : !graph.weight<5x64x96, q8_0> at [@f0], [0, 65536]
}

graph.layer @decoder(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x64xf32> {
  %wn = graph.param @block::@norm[%i] : !graph.weight<64, f32>
  %wr = graph.param @block::@router[%i] : !graph.weight<5x64, f32>
  %b = graph.param @block::@bias[%i] : !graph.weight<5, f32>
  %wg = graph.param @block::@gate[%i] : !graph.weight<5x96x64, q8_0>
  %wu = graph.param @block::@up[%i] : !graph.weight<5x96x64, q8_0>
  %wd = graph.param @block::@down[%i] : !graph.weight<5x64x96, q8_0>
  %n = graph.norm %x, %wn {eps = 1.0e-5} : tensor<?x64xf32>, !graph.weight<64, f32>
  %s = graph.linear %n, %wr : tensor<?x64xf32>, !graph.weight<5x64, f32>
  %r = graph.route %s bias %b top 2 {normalize, scale = 2.0} : tensor<?x5xf32>, !graph.weight<5, f32>
  %q = graph.quantize %n by 32 : tensor<?x64xf32>
  %g = graph.experts %q, %r, %wg each : !graph.qtensor<?x64, block = 32>, tensor<?x4xf32>, !graph.weight<5x96x64, q8_0>
  %u = graph.experts %q, %r, %wu each : !graph.qtensor<?x64, block = 32>, tensor<?x4xf32>, !graph.weight<5x96x64, q8_0>
  %f = graph.glu %g, %u silu : tensor<?x192xf32>
  %fq = graph.quantize %f by 32 : tensor<?x192xf32>
  %d = graph.experts %fq, %r, %wd sum : !graph.qtensor<?x192, block = 32>, tensor<?x4xf32>, !graph.weight<5x64x96, q8_0>
  %y = graph.residual %x, %d : tensor<?x64xf32>
  graph.return %y : tensor<?x64xf32>
}
