// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-defer-row-factors)" --remarks-filter=algebra --verify-diagnostics -o /dev/null
// Which row factors wait, and why others do not.

graph.func @deferred(%x: tensor<?x32xf32>, %g: !graph.weight<32, f32>, %w: !graph.weight<64x32, f32>) -> tensor<?x64xf32> {
  // expected-remark @+1 {{[Passed] DeferRowFactor | Category:algebra | products=1}}
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.linear %n, %w : tensor<?x32xf32>, !graph.weight<64x32, f32>
  graph.return %y : tensor<?x64xf32>
}
graph.func @layer(%x: tensor<?x32xf32>, %g: !graph.weight<32, f32>, %w: !graph.weight<64x32, f32>) -> tensor<?x64xf32> {
  // expected-remark @+1 {{[Missed] DeferRowFactor | Category:algebra | Reason="it subtracts the mean}}
  %n = graph.norm %x, %g {eps = 1.0e-5, kind = #graph.norm_kind<layer>} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.linear %n, %w : tensor<?x32xf32>, !graph.weight<64x32, f32>
  graph.return %y : tensor<?x64xf32>
}
graph.func @heads(%x: tensor<?x32xf32>, %g: !graph.weight<16, f32>, %w: !graph.weight<64x32, f32>) -> tensor<?x64xf32> {
  // expected-remark @+1 {{Reason="it has a factor for each group of columns}}
  %n = graph.norm %x, %g {eps = 1.0e-5, group = 16 : i64} : tensor<?x32xf32>, !graph.weight<16, f32>
  %y = graph.linear %n, %w : tensor<?x32xf32>, !graph.weight<64x32, f32>
  graph.return %y : tensor<?x64xf32>
}
graph.func @unread(%x: tensor<?x32xf32>, %g: !graph.weight<32, f32>) {
  // expected-remark @+1 {{Reason="nothing reads it}}
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  graph.return
}
graph.func @residual(%x: tensor<?x32xf32>, %g: !graph.weight<32, f32>) -> tensor<?x32xf32> {
  // expected-remark @+1 {{Reason="something other than a product reads it}}
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.residual %x, %n : tensor<?x32xf32>
  graph.return %y : tensor<?x32xf32>
}
graph.func @bias(%x: tensor<?x32xf32>, %g: !graph.weight<32, f32>, %w: !graph.weight<32x32, f32>) -> tensor<?x32xf32> {
  // expected-remark @+1 {{Reason="a product adds a bias}}
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.linear %n, %w bias %g : tensor<?x32xf32>, !graph.weight<32x32, f32>, !graph.weight<32, f32>
  graph.return %y : tensor<?x32xf32>
}
graph.func @cap(%x: tensor<?x32xf32>, %g: !graph.weight<32, f32>, %w: !graph.weight<64x32, f32>) -> tensor<?x64xf32> {
  // expected-remark @+1 {{Reason="scores have a cap}}
  %n = graph.norm %x, %g {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %y = graph.logits %n, %w {softcap = 30.0 : f64} : tensor<?x32xf32>, !graph.weight<64x32, f32>
  graph.return %y : tensor<?x64xf32>
}
