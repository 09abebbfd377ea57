// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-record-dataflow)" | FileCheck %s
// Calls and the numbers of the values between them; the input of a layer is 0.

// CHECK: frit.dataflow = [
// CHECK-SAME: {calls = [{computes = @n.reference, reads = array<i64: 0>, writes = array<i64: 1>}, {computes = @y.reference, reads = array<i64: 0, 1>, writes = array<i64: 2>}], layer, name = "decoder", returns = array<i64: 2>}
// CHECK-SAME: {calls = [{computes = @e.reference, reads = array<i64>, writes = array<i64: 0>}, {reads = array<i64: 0>, segments = [#graph.segment<@decoder, 0, 2>], writes = array<i64: 1>}], name = "forward", returns = array<i64: 1>}
kernel.reference @n.reference(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %y = graph.activation %x relu : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
kernel.phase @n(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {reference = @n.reference} {
  %y = graph.activation %x relu {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
kernel.reference @y.reference(%x: tensor<?x32xf32>, %n: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %y = graph.residual %x, %n : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
kernel.phase @y(%x: tensor<?x32xf32>, %n: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {reference = @y.reference} {
  %y = graph.residual %x, %n {kernel.role = #kernel.role<anchor>} : tensor<?x32xf32>
  kernel.yield %y : tensor<?x32xf32>
}
kernel.reference @e.reference(%tok: !graph.tokens) -> tensor<?x32xf32> {
  %t = graph.param @table : !graph.weight<8x32, f32>
  %x = graph.embed %tok, %t : !graph.weight<8x32, f32>
  kernel.yield %x : tensor<?x32xf32>
}
kernel.phase @e(%tok: !graph.tokens) -> tensor<?x32xf32> attributes {reference = @e.reference} {
  %t = graph.param @table : !graph.weight<8x32, f32>
  %x = graph.embed %tok, %t {kernel.role = #kernel.role<anchor>} : !graph.weight<8x32, f32>
  kernel.yield %x : tensor<?x32xf32>
}
graph.file @f0 "f"
graph.weight @table : !graph.weight<8x32, f32> at @f0, 0
graph.layer @decoder(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x32>, %i: index) -> tensor<?x32xf32> {
  %n = kernel.call @n(%x) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = kernel.call @y(%x, %n) : (tensor<?x32xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>
  graph.return %y : tensor<?x32xf32>
}
graph.func @forward(%tok: !graph.tokens, %kv: !kv.caches<2>) -> tensor<?x32xf32> {
  %e = kernel.call @e(%tok) : (!graph.tokens) -> tensor<?x32xf32>
  %y = graph.repeat %e, %tok, %kv [#graph.segment<@decoder, 0, 2>] : tensor<?x32xf32>, !kv.caches<2>
  graph.return %y : tensor<?x32xf32>
}
