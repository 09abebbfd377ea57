// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases,frit-form-tiles,canonicalize,cse)" | FileCheck %s
// Each matrix of an expert is read once for all the parts the expert has, those of others not at all.

// One token: no copies of blocks, experts dealt out in ranges.
// CHECK-LABEL: tile.phase @decoder.gate.up.m1
// CHECK: %[[BIAS:.*]] = tile.vector @pack.block.bias
// CHECK: %[[KEYS:.*]] = tile.map(%[[P:.*]], %[[BIAS]] :
// CHECK: %[[R:.*]] = tile.top %[[P]] by %[[KEYS]] {normalize, scale = 2.000000e+00 : f64} : !tile.tile<1x5> -> !tile.tile<1x4>
// CHECK: %[[Q:.*]] = tile.quantize
// CHECK-NOT: tile.insert
// CHECK: %[[D:.*]], %[[N:.*]] = tile.dispatch %[[R]] valid %{{.*}} : !tile.tile<1x4> -> !tile.dispatch<tokens = 1, top = 2, experts = 5, step = 1>
// CHECK: %[[SHARES:.*]] = arith.muli %[[N]], %c3
// CHECK: tile.shares %[[SHARES]]{{$}}
// CHECK: %[[E:.*]], %[[FIRST:.*]], %[[END:.*]] = tile.expert %[[D]]
// CHECK: tile.weights @[[PACK:.*]][%{{.*}}] : !tile.matrix<32x64, q8_0, p16>
// CHECK: tile.weights @[[PACK]][%{{.*}}] : !tile.matrix<32x64, q8_0, p16>
// CHECK: scf.for %[[P:.*]] = %[[FIRST]] to %[[END]]
// CHECK: %[[X:.*]] = tile.gather %[[Q]] of %[[D]][%[[P]]]
// CHECK: %[[G:.*]] = tile.product %[[X]], %{{.*}} instruction "dot"
// CHECK: %[[U:.*]] = tile.product %[[X]], %{{.*}} instruction "dot"
// CHECK: %[[F:.*]] = tile.map(%[[G]], %[[U]]
// CHECK: tile.scatter %[[F]], @buffer.decoder.gate.up[%{{.*}}] of %[[D]][%[[P]]] valid %{{.*}} : !tile.tile<1x32>

// Many: the input and the routes of all tokens, a block after the other.
// CHECK-LABEL: tile.phase @decoder.gate.up.m6
// CHECK: tile.empty : !tile.qtile<528x64, block = 32>
// CHECK: tile.empty : !tile.tile<528x4>
// CHECK: %[[ALL:.*]]:2 = scf.for {{.*}} step %c48
// CHECK: tile.insert {{.*}} : !tile.qtile<48x64, block = 32> into !tile.qtile<528x64, block = 32>
// CHECK: tile.insert {{.*}} : !tile.tile<48x4> into !tile.tile<528x4>
// CHECK: tile.dispatch %[[ALL]]#1
// CHECK: tile.shares %{{.*}} cyclic
// CHECK: tile.gather %[[ALL]]#0 {{.*}} -> !tile.qtile<6x64, block = 32>

// The sum of a token: rows of all experts in one share, experts in the order of their numbers.
// CHECK-LABEL: tile.phase @decoder.down.m6
// CHECK: %[[ALL:.*]]:2 = scf.for
// CHECK: %[[X:.*]] = tile.reshape %[[ALL]]#0 : !tile.qtile<528x192, block = 32> -> !tile.qtile<1056x96, block = 32>
// CHECK: tile.shares %c2
// CHECK: %[[ZERO:.*]] = tile.fill 0.000000e+00 valid %{{.*}} : !tile.tile<528x32>
// CHECK: %[[SUM:.*]] = scf.for {{.*}} iter_args(%[[A:.*]] = %[[ZERO]])
// CHECK: scf.for {{.*}} iter_args(%[[B:.*]] = %[[A]])
// CHECK: %[[G:.*]] = tile.gather %[[X]]
// CHECK: %[[Y:.*]] = tile.product %[[G]]
// CHECK: tile.combine %[[Y]] {{.*}} into %[[B]]
// CHECK: tile.rows %[[SUM]]
// CHECK: tile.store

// Experts without a gate.
// CHECK-LABEL: tile.phase @ungated.up.m1
// CHECK: %[[U:.*]] = tile.product %{{.*}}, %{{.*}} instruction "dot"
// CHECK: %[[F:.*]] = tile.map(%[[U]] :
// CHECK: arith.maxnumf
// CHECK: tile.scatter %[[F]], @buffer.ungated.up

// Both matrices of an expert are one stream.
// CHECK: tile.pack @[[PACK]] of [@block::@gate, @block::@up] by 32 order p16
// CHECK: tile.pack @pack.block.down of [@block::@down] order p16

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [<"dot", 1, 16, 4, i8, ui8, i32>], memories = []>
module attributes {machine.target = #target} {

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

graph.layer @ungated(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x64xf32> {
  %wr = graph.param @block::@router[%i] : !graph.weight<5x64, f32>
  %wu = graph.param @block::@up[%i] : !graph.weight<5x96x64, q8_0>
  %wd = graph.param @block::@down[%i] : !graph.weight<5x64x96, q8_0>
  %s = graph.linear %x, %wr : tensor<?x64xf32>, !graph.weight<5x64, f32>
  %r = graph.route %s top 2 : tensor<?x5xf32>
  %q = graph.quantize %x by 32 : tensor<?x64xf32>
  %u = graph.experts %q, %r, %wu each : !graph.qtensor<?x64, block = 32>, tensor<?x4xf32>, !graph.weight<5x96x64, q8_0>
  %f = graph.activation %u relu : tensor<?x192xf32>
  %fq = graph.quantize %f by 32 : tensor<?x192xf32>
  %d = graph.experts %fq, %r, %wd sum : !graph.qtensor<?x192, block = 32>, tensor<?x4xf32>, !graph.weight<5x64x96, q8_0>
  %y = graph.residual %x, %d : tensor<?x64xf32>
  graph.return %y : tensor<?x64xf32>
}

graph.weight @table : !graph.weight<64x64, f32> at @f0, 0
graph.func @forward(%tok: !graph.tokens, %kv: !kv.caches<4>) -> tensor<?x64xf32> {
  %t = graph.param @table : !graph.weight<64x64, f32>
  %x = graph.embed %tok, %t : !graph.weight<64x64, f32>
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@decoder, 0, 2>, #graph.segment<@ungated, 0, 2>] : tensor<?x64xf32>, !kv.caches<4>
  %s = graph.select %y, %tok : tensor<?x64xf32>
  %l = graph.logits %s, %t : tensor<?x64xf32>, !graph.weight<64x64, f32>
  graph.return %l : tensor<?x64xf32>
}
}
