// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases)" --remarks-filter=fuse --verify-diagnostics -o /dev/null
// Every phase says what is in it.

graph.file @f0 "f"
graph.weight @gate : !graph.weight<32x32, f32> at @f0, 0
graph.weight @up : !graph.weight<32x32, f32> at @f0, 0
graph.func @f(%x: tensor<?x32xf32>, %n: !graph.weight<32, f32>) -> tensor<?x32xf32> {
  %wg = graph.param @gate : !graph.weight<32x32, f32>
  %wu = graph.param @up : !graph.weight<32x32, f32>
  %y = graph.norm %x, %n {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  // expected-remark @+1 {{[Passed] Phase | Category:fuse | anchors=2, epilogue=2, phase=f.gate.up, prologue=1}}
  %g = graph.linear %y, %wg : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %u = graph.linear %y, %wu : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %0 = graph.glu %g, %u silu : tensor<?x32xf32>
  %1 = graph.residual %x, %0 : tensor<?x32xf32>
  // expected-remark @+1 {{[Passed] Phase | Category:fuse | anchors=1, epilogue=0, phase=f.norm, prologue=0}}
  %2 = graph.norm %1, %n {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  graph.return %2 : tensor<?x32xf32>
}
