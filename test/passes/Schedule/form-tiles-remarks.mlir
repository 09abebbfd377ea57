// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases,frit-form-tiles)" --remarks-filter=schedule --verify-diagnostics -o /dev/null
// Buckets, shares and shared packs are said with the numbers that decided.

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
// expected-remark @+1 {{[Passed] Bucket | Category:schedule | block=48, maxTokens=512, registers=32, step=6}}
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @e : !graph.weight<64x64, f32> at @f0, 0
graph.weight @a : !graph.weight<64x64, f32> at @f0, 0
graph.weight @b : !graph.weight<64x64, f32> at @f0, 0
graph.weight @c : !graph.weight<64x64, f16> at @f0, 0
graph.weight @d : !graph.weight<48x64, f32> at @f0, 0
graph.weights @block [1] {
  graph.column @w : !graph.weight<64x64, f32> at [@f0], [0]
}
graph.layer @layer(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x64xf32> {
  %a = graph.param @a : !graph.weight<64x64, f32>
  %b = graph.param @b : !graph.weight<64x64, f32>
  %c = graph.param @c : !graph.weight<64x64, f16>
  %d = graph.param @d : !graph.weight<48x64, f32>
  // expected-remark @+2 {{[Passed] Shares | Category:schedule | Remark="whole heads", rows=64, shares=2, width=32}}
  // expected-remark @+1 {{[Passed] SharedPack | Category:schedule | Remark="rows behind each other", sources=2}}
  %q = graph.linear %x, %a : tensor<?x64xf32>, !graph.weight<64x64, f32>
  // expected-remark @+1 {{[Passed] Shares | Category:schedule | Remark=rows, rows=64, shares=2, width=32}}
  %k = graph.linear %x, %b : tensor<?x64xf32>, !graph.weight<64x64, f32>
  %r = graph.rope %q, %tok halves {head_dim = 32, dim = 32, theta = 1.0e4} : tensor<?x64xf32>
  // expected-remark @+1 {{[Passed] Shares | Category:schedule | Remark="heads of keys and values", heads=2, keyBlock=64, queriesPerHead=1}}
  %t = graph.attention %r cache %kv, %tok heads 2 over 2 {scale = 0.125, mask = #graph.mask<causal>} : tensor<?x64xf32>, !kv.cache<2x32, k = <f16>, v = <f16>>, !graph.tokens
  // expected-remark @+2 {{[Passed] Shares | Category:schedule | Remark=rows, rows=64, shares=2, width=32}}
  // expected-remark @+1 {{[Passed] SharedPack | Category:schedule | Remark="rows in turn", sources=2}}
  %g = graph.linear %t, %a : tensor<?x64xf32>, !graph.weight<64x64, f32>
  %u = graph.linear %t, %b : tensor<?x64xf32>, !graph.weight<64x64, f32>
  %f = graph.glu %g, %u silu : tensor<?x64xf32>
  // expected-remark @+2 {{[Passed] Shares | Category:schedule | Remark=rows, rows=64, shares=2, width=32}}
  // expected-remark @+1 {{[Missed] SharedPack | Category:schedule | Reason="the weights differ in format or table", sources=2}}
  %m = graph.linear %f, %a : tensor<?x64xf32>, !graph.weight<64x64, f32>
  // expected-remark @+1 {{[Passed] Shares | Category:schedule | Remark=rows, rows=64, shares=2, width=32}}
  %n = graph.linear %f, %c : tensor<?x64xf32>, !graph.weight<64x64, f16>
  // expected-remark @+2 {{[Passed] Shares | Category:schedule | Remark=rows, rows=48, shares=3, width=16}}
  // expected-remark @+1 {{[Missed] SharedPack | Category:schedule | Reason="the shares of one product would begin inside those of another", sources=2}}
  %o = graph.linear %m, %d : tensor<?x64xf32>, !graph.weight<48x64, f32>
  // expected-remark @+1 {{[Passed] Shares | Category:schedule | Remark=rows, rows=64, shares=2, width=32}}
  %p = graph.linear %m, %a : tensor<?x64xf32>, !graph.weight<64x64, f32>
  // expected-remark @+2 {{[Passed] Shares | Category:schedule | Remark=rows, rows=64, shares=2, width=32}}
  // expected-remark @+1 {{[Missed] SharedPack | Category:schedule | Reason="some of the products meet in an epilogue", sources=3}}
  %v = graph.linear %n, %a : tensor<?x64xf32>, !graph.weight<64x64, f32>
  %w = graph.linear %n, %b : tensor<?x64xf32>, !graph.weight<64x64, f32>
  // expected-remark @+1 {{[Passed] Shares | Category:schedule | Remark=rows, rows=64, shares=2, width=32}}
  %y = graph.linear %n, %a : tensor<?x64xf32>, !graph.weight<64x64, f32>
  %z = graph.glu %v, %w silu : tensor<?x64xf32>
  %h = graph.param @block::@w[%i] : !graph.weight<64x64, f32>
  // expected-remark @+2 {{[Passed] Shares | Category:schedule | Remark=rows, rows=64, shares=2, width=32}}
  // expected-remark @+1 {{[Missed] SharedPack | Category:schedule | Reason="the weights differ in format or table", sources=2}}
  %s = graph.linear %z, %a : tensor<?x64xf32>, !graph.weight<64x64, f32>
  %j = graph.linear %z, %h : tensor<?x64xf32>, !graph.weight<64x64, f32>
  %l = graph.glu %s, %j silu : tensor<?x64xf32>
  graph.return %l : tensor<?x64xf32>
}
}
