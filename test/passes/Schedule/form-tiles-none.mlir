// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases{fusion=none},frit-form-tiles,canonicalize,cse)" | FileCheck %s
// Each op has a phase of its own, and what crosses the barriers is stored: codes as int8, rows of wanted tokens as such.

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [<"dot", 1, 16, 4, i8, ui8, i32>], memories = []>
module attributes {machine.target = #target} {
graph.file @f0 "f"
graph.weight @table : !graph.weight<80x64, q8_0> at @f0, 0
graph.weights @block [1] {
  graph.column @norm : !graph.weight<64, f32> at [@f0], [0]
  graph.column @q : !graph.weight<64x64, q4_1> at [@f0], [0]
  graph.column @k : !graph.weight<64x64, q4_1> at [@f0], [0]
  graph.column @router : !graph.weight<4x64, f32> at [@f0], [0]
  graph.column @gate : !graph.weight<4x32x64, q8_0> at [@f0], [0]
  graph.column @up : !graph.weight<4x32x64, q8_0> at [@f0], [0]
  graph.column @down : !graph.weight<4x64x32, q8_0> at [@f0], [0]
}

// A step of tokens is a share: one token is a single one, for one core.
// CHECK-LABEL: tile.phase @layer.quantize.m1
// CHECK-SAME:    inputs [@[[NORM:.*]]] outputs [@buffer.layer.quantize]
// CHECK-DAG:     %[[N:.*]] = tile.count tokens
// CHECK:         tile.shares %[[N]]
// CHECK:           %[[X:.*]] = tile.load @[[NORM]][%[[S:.*]], %c0] valid %{{.*}} : !tile.tile<1x64>
// CHECK-NEXT:      %[[Q:.*]] = tile.quantize %[[X]]
// CHECK-NEXT:      tile.store %[[Q]], @buffer.layer.quantize[%[[S]], %c0] : !tile.qtile<1x64, block = 32>
// CHECK-LABEL: tile.phase @layer.quantize.m6
// CHECK:           tile.store %{{.*}}, @buffer.layer.quantize[%{{.*}}, %c0] : !tile.qtile<6x64, block = 32>

// A product takes the codes from where they are.
// CHECK-LABEL: tile.phase @layer.q.m6
// CHECK-SAME:    inputs [@buffer.layer.quantize] outputs [@[[QUERIES:.*]]] {
// CHECK:         scf.for %[[B:.*]] = %c0 to
// CHECK:           %[[L:.*]] = tile.load @buffer.layer.quantize[%[[B]], %c0] valid %{{.*}} : !tile.qtile<48x64, block = 32>
// CHECK-NEXT:      tile.shares %c2
// CHECK:           %[[R:.*]] = tile.rows %[[L]][%{{.*}}]
// CHECK:           tile.product %[[R]], %{{.*}} instruction "dot" : !tile.qtile<6x64, block = 32>
// CHECK-LABEL: tile.phase @layer.k.m6
// CHECK-SAME:    inputs [@buffer.layer.quantize] outputs [@[[KEYS:.*]]] {

// CHECK-LABEL: tile.phase @layer.rope.m6
// CHECK-SAME:    inputs [@[[QUERIES]]] outputs [@[[ROTATED:.*]]] {
// CHECK:           %[[X:.*]] = tile.load @[[QUERIES]][%[[T:.*]], %c0] valid
// CHECK-NEXT:      %[[Y:.*]] = tile.rotate %[[X]] of %[[T]]
// CHECK-NEXT:      tile.store %[[Y]], @[[ROTATED]][%[[T]], %c0] : !tile.tile<6x64>

// Both sides of the cache come from other phases.
// CHECK-LABEL: tile.phase @layer.append.m6
// CHECK-SAME:    inputs [@[[K:.*]], @[[V:.*]]] outputs [] {
// CHECK-DAG:       %[[KT:.*]] = tile.load @[[K]][%[[T:.*]], %c0] valid %[[VALID:.*]] : !tile.tile<6x64>
// CHECK-DAG:       %[[VT:.*]] = tile.load @[[V]][%[[T]], %c0] valid %[[VALID]] : !tile.tile<6x64>
// CHECK:           tile.append keys %[[KT]][%c0] of %[[T]] : !tile.tile<6x64>
// CHECK-NEXT:      tile.append values %[[VT]][%c0] of %[[T]] : !tile.tile<6x64>

// Its codes have the buffer of the first ones.
// CHECK-LABEL: tile.phase @layer.quantize.2.m6
// CHECK-SAME:    outputs [@buffer.layer.quantize]

// CHECK-LABEL: tile.phase @layer.route.m6
// CHECK-SAME:    inputs [@buffer.layer.router] outputs [@buffer.layer.route] {
// CHECK:           %[[S:.*]] = tile.load @buffer.layer.router[%[[T:.*]], %c0] valid %{{.*}} : !tile.tile<6x4>
// CHECK:           %[[R:.*]] = tile.top
// CHECK-NEXT:      tile.store %[[R]], @buffer.layer.route[%[[T]], %c0] : !tile.tile<6x4>

// The codes of all tokens of a call are in the buffer: no core computes or copies them.
// CHECK-LABEL: tile.phase @layer.gate.m6
// CHECK-SAME:    inputs [@buffer.layer.quantize, @buffer.layer.route] outputs [@[[GATE:.*]]] {
// CHECK-NOT:     tile.quantize
// CHECK-NOT:     tile.insert
// CHECK:         %[[L:.*]] = tile.load @buffer.layer.quantize[%c0, %c0] valid %{{.*}} : !tile.qtile<528x64, block = 32>
// CHECK-NEXT:    tile.load @buffer.layer.route[%c0, %c0] valid
// CHECK:         tile.gather %[[L]]
// CHECK:         tile.scatter %{{.*}}, @[[GATE]][%{{.*}}]

// CHECK-LABEL: tile.phase @layer.glu.m6
// CHECK:           tile.store %{{.*}}, @{{.*}}[%{{.*}}, %c0] : !tile.tile<6x64>

// A row of codes for each part.
// CHECK-LABEL: tile.phase @layer.down.m6
// CHECK:         %[[L:.*]] = tile.load @{{.*}}[%c0, %c0] valid %{{.*}} : !tile.qtile<528x64, block = 32>
// CHECK:         tile.reshape %[[L]] : !tile.qtile<528x64, block = 32> -> !tile.qtile<1056x32, block = 32>

// The layer's last op reads and writes the residual stream, each core the rows of its shares.
// CHECK-LABEL: tile.phase @layer.residual.m6
// CHECK-SAME:    inputs [@buffer.residual, @{{.*}}] outputs [@buffer.residual] {
graph.layer @layer(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x64xf32> {
  %wn = graph.param @block::@norm[%i] : !graph.weight<64, f32>
  %wq = graph.param @block::@q[%i] : !graph.weight<64x64, q4_1>
  %wk = graph.param @block::@k[%i] : !graph.weight<64x64, q4_1>
  %wr = graph.param @block::@router[%i] : !graph.weight<4x64, f32>
  %wg = graph.param @block::@gate[%i] : !graph.weight<4x32x64, q8_0>
  %wu = graph.param @block::@up[%i] : !graph.weight<4x32x64, q8_0>
  %wd = graph.param @block::@down[%i] : !graph.weight<4x64x32, q8_0>
  %n = graph.norm %x, %wn {eps = 1.0e-5} : tensor<?x64xf32>, !graph.weight<64, f32>
  %c = graph.quantize %n by 32 : tensor<?x64xf32>
  %q = graph.linear %c, %wq : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
  %k = graph.linear %c, %wk : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
  %r = graph.rope %q, %tok halves {head_dim = 32, dim = 32, theta = 1.0e4} : tensor<?x64xf32>
  kv.append %kv, %k, %r, %tok : !kv.cache<2x32, k = <f16>, v = <f16>>, tensor<?x64xf32>, tensor<?x64xf32>, !graph.tokens
  %a = graph.attention %r cache %kv, %tok heads 2 over 2 {scale = 0.25, mask = #graph.mask<causal>} : tensor<?x64xf32>, !kv.cache<2x32, k = <f16>, v = <f16>>, !graph.tokens
  %d = graph.quantize %a by 32 : tensor<?x64xf32>
  %s = graph.linear %a, %wr : tensor<?x64xf32>, !graph.weight<4x64, f32>
  %t = graph.route %s top 2 : tensor<?x4xf32>
  %g = graph.experts %d, %t, %wg each : !graph.qtensor<?x64, block = 32>, tensor<?x4xf32>, !graph.weight<4x32x64, q8_0>
  %u = graph.experts %d, %t, %wu each : !graph.qtensor<?x64, block = 32>, tensor<?x4xf32>, !graph.weight<4x32x64, q8_0>
  %f = graph.glu %g, %u silu : tensor<?x64xf32>
  %e = graph.quantize %f by 32 : tensor<?x64xf32>
  %y = graph.experts %e, %t, %wd sum : !graph.qtensor<?x64, block = 32>, tensor<?x4xf32>, !graph.weight<4x64x32, q8_0>
  %h = graph.residual %x, %y : tensor<?x64xf32>
  graph.return %h : tensor<?x64xf32>
}

// From the selection on rows are those of wanted tokens.
// CHECK-LABEL: tile.phase @forward.select.m6
// CHECK-SAME:    inputs [@buffer.residual] outputs [@[[SELECTED:.*]]] {
// CHECK:         tile.count wanted
// CHECK:           %[[X:.*]] = tile.load @buffer.residual[%[[T:.*]], %c0] valid %{{.*}} wanted : !tile.tile<6x64>
// CHECK-NEXT:      tile.store %[[X]], @[[SELECTED]][%[[T]], %c0] : !tile.tile<6x64>
// CHECK-LABEL: tile.phase @forward.quantize.m6
// CHECK-SAME:    inputs [@[[SELECTED]]] outputs [@[[CODES:.*]]] {
// CHECK:         tile.count wanted
// CHECK:           tile.load @[[SELECTED]][%{{.*}}, %c0] valid %{{[^ ]*}} : !tile.tile<6x64>
// CHECK-LABEL: tile.phase @forward.logits.m6
// CHECK-SAME:    inputs [@[[CODES]]] outputs [@buffer.forward.logits] {
// CHECK:         tile.count wanted
// CHECK:           tile.load @[[CODES]][%{{.*}}, %c0] valid %{{[^ ]*}} : !tile.qtile<48x64, block = 32>

// CHECK-DAG: tile.buffer @buffer.layer.quantize[tokens, 64] int8 by 32
// CHECK-DAG: tile.buffer @[[SELECTED]][wanted, 64]{{$}}
// CHECK-DAG: tile.buffer @[[CODES]][wanted, 64] int8 by 32
graph.func @forward(%tok: !graph.tokens, %kvs: !kv.caches<1>) -> tensor<?x80xf32> {
  %t = graph.param @table : !graph.weight<80x64, q8_0>
  %x = graph.embed %tok, %t : !graph.weight<80x64, q8_0>
  %y = graph.repeat %x, %tok, %kvs [#graph.segment<@layer, 0, 1>] : tensor<?x64xf32>, !kv.caches<1>
  %s = graph.select %y, %tok : tensor<?x64xf32>
  %c = graph.quantize %s by 32 : tensor<?x64xf32>
  %l = graph.logits %c, %t : !graph.qtensor<?x64, block = 32>, !graph.weight<80x64, q8_0>
  graph.return %l : tensor<?x80xf32>
}
}
