// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases,frit-form-tiles,canonicalize,cse)" | FileCheck %s
// Products share the rows of their weights: whole heads where an epilogue wants them, 32 rows otherwise.

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [<"fma", 1, 16, 1, f32, f32, f32>, <"dot", 1, 16, 4, i8, ui8, i32>, <"dot.256", 1, 8, 4, i8, ui8, i32>], memories = []>
module attributes {machine.target = #target} {

graph.file @f0 "model.gguf"
graph.weights @block [2] {
  graph.column @norm : !graph.weight<64, f32> at [@f0], [0, 8192]
  graph.column @q : !graph.weight<128x64, q4_1> at [@f0], [0, 8192]
  graph.column @k : !graph.weight<64x64, q4_1> at [@f0], [0, 8192]
  graph.column @v : !graph.weight<64x64, q4_1> at [@f0], [0, 8192]
  graph.column @v8 : !graph.weight<64x64, q8_0> at [@f0], [0, 8192]
  graph.column @gate : !graph.weight<96x64, q4_0> at [@f0], [0, 8192]
  graph.column @up : !graph.weight<96x64, q4_0> at [@f0], [0, 8192]
  graph.column @up8 : !graph.weight<96x64, q8_0> at [@f0], [0, 8192]
  graph.column @out : !graph.weight<64x128, f16> at [@f0], [0, 8192]
  graph.column @back : !graph.weight<64x16, f16> at [@f0], [0, 8192]
  graph.column @wide : !graph.weight<64x96, f16> at [@f0], [0, 8192]
  graph.column @square : !graph.weight<64x64, f16> at [@f0], [0, 8192]
  graph.column @narrow : !graph.weight<16x64, f16> at [@f0], [0, 8192]
  graph.column @k2 : !graph.weight<64x64, q4_1> at [@f0], [0, 8192]
  graph.column @v2 : !graph.weight<32x64, q4_1> at [@f0], [0, 8192]
  graph.column @head_norm : !graph.weight<64, f32> at [@f0], [0, 8192]
  graph.column @bias : !graph.weight<64, f32> at [@f0], [0, 8192]
  graph.column @odd : !graph.weight<37x64, f16> at [@f0], [0, 8192]
  graph.column @odd2 : !graph.weight<37x64, f16> at [@f0], [0, 8192]
  graph.column @even : !graph.weight<64x37, f16> at [@f0], [0, 8192]
}

graph.layer @heads(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x32, k = <f16>, v = <f16>>, %i: index) -> tensor<?x64xf32> {
  %wn = graph.param @block::@norm[%i] : !graph.weight<64, f32>
  %wq = graph.param @block::@q[%i] : !graph.weight<128x64, q4_1>
  %wk = graph.param @block::@k[%i] : !graph.weight<64x64, q4_1>
  %wv = graph.param @block::@v[%i] : !graph.weight<64x64, q4_1>
  %wo = graph.param @block::@out[%i] : !graph.weight<64x128, f16>
  %n = graph.norm %x, %wn {eps = 1.0e-5} : tensor<?x64xf32>, !graph.weight<64, f32>
  %nq = graph.quantize %n by 32 : tensor<?x64xf32>
  %q = graph.linear %nq, %wq : !graph.qtensor<?x64, block = 32>, !graph.weight<128x64, q4_1>
  %k = graph.linear %nq, %wk : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
  %v = graph.linear %nq, %wv : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
  %qr = graph.rope %q, %tok halves {head_dim = 64, dim = 64, theta = 1.0e5} : tensor<?x128xf32>
  %kr = graph.rope %k, %tok halves {head_dim = 32, dim = 16, theta = 1.0e5, position_scale = 0.5} : tensor<?x64xf32>
  kv.append %kv, %kr, %v, %tok : !kv.cache<2x32, k = <f16>, v = <f16>>, tensor<?x64xf32>, tensor<?x64xf32>, !graph.tokens
  %a = graph.attention %qr cache %kv, %tok heads 4 over 2 {scale = 0.125, mask = #graph.mask<causal>} : tensor<?x128xf32>, !kv.cache<2x32, k = <f16>, v = <f16>>, !graph.tokens
  %o = graph.linear %a, %wo : tensor<?x128xf32>, !graph.weight<64x128, f16>
  graph.return %o : tensor<?x64xf32>
}

// q in heads of 64, k and v in heads of 32: six shares of one pack. k begins at row 128 of it, v at row
// 192: share s is tile s + 2 of 32 rows.
// CHECK-LABEL: tile.phase @heads.q.k.v.m1
// CHECK-SAME:    bucket 1 cache !kv.cache<2x32, k = <f16>, v = <f16>> inputs [@buffer.residual] outputs [@buffer.heads.q.k.v] {
// CHECK:       %[[N:.*]] = tile.count tokens
// CHECK-NEXT:  scf.for %[[T:.*]] = %c0 to %[[N]] step %c1 {
// CHECK:         %[[A:.*]] = tile.quantize %{{.*}} : !tile.tile<1x64> -> !tile.qtile<1x64, block = 32>
// CHECK-NEXT:    %[[LO:.*]], %[[HI:.*]], %[[STEP:.*]] = tile.shares %c6
// CHECK-NEXT:    scf.for %[[S:.*]] = %[[LO]] to %[[HI]] step %[[STEP]] {
// CHECK-NEXT:      %[[IS_Q:.*]] = arith.cmpi ult, %[[S]], %c2 : index
// CHECK-NEXT:      scf.if %[[IS_Q]] {
// CHECK-NEXT:        %[[W:.*]] = tile.weights @pack.heads.q.k.v[%[[S]]] : !tile.matrix<64x64, q4_1, p16>
// CHECK-NEXT:        %[[C:.*]] = arith.muli %[[S]], %c64 : index
// CHECK-NEXT:        %[[Y:.*]] = tile.product %[[A]], %[[W]] instruction "dot" : !tile.qtile<1x64, block = 32>, !tile.matrix<64x64, q4_1, p16> -> !tile.tile<1x64>
// CHECK-NEXT:        %[[R:.*]] = tile.rotate %[[Y]] of %[[T]] {dim = 64 : i64, head_dim = 64 : i64, theta = 1.000000e+05 : f64} : !tile.tile<1x64>
// CHECK-NEXT:        tile.store %[[R]], @buffer.heads.q.k.v[%[[T]], %[[C]]] : !tile.tile<1x64>
// CHECK-NEXT:      } else {
// CHECK-NEXT:        %[[S1:.*]] = arith.subi %[[S]], %c2 : index
// CHECK-NEXT:        %[[IS_K:.*]] = arith.cmpi ult, %[[S]], %c4 : index
// CHECK-NEXT:        scf.if %[[IS_K]] {
// CHECK-NEXT:          %[[TILE:.*]] = arith.addi %[[S]], %c2 : index
// CHECK-NEXT:          %[[W:.*]] = tile.weights @pack.heads.q.k.v[%[[TILE]]] : !tile.matrix<32x64, q4_1, p16>
// CHECK-NEXT:          %[[C:.*]] = arith.muli %[[S1]], %c32 : index
// CHECK-NEXT:          %[[Y:.*]] = tile.product %[[A]], %[[W]] instruction "dot"
// CHECK-NEXT:          %[[R:.*]] = tile.rotate %[[Y]] of %[[T]] {dim = 16 : i64, head_dim = 32 : i64, position_scale = 5.000000e-01 : f64, theta = 1.000000e+05 : f64}
// CHECK-NEXT:          %[[H:.*]] = arith.divui %[[C]], %c32 : index
// CHECK-NEXT:          tile.append keys %[[R]][%[[H]]] of %[[T]] : !tile.tile<1x32>
// CHECK-NEXT:        } else {
// CHECK-NEXT:          %[[S2:.*]] = arith.subi %[[S]], %c4 : index
// CHECK-NEXT:          %[[TILE:.*]] = arith.addi %[[S]], %c2 : index
// CHECK-NEXT:          %[[W:.*]] = tile.weights @pack.heads.q.k.v[%[[TILE]]] : !tile.matrix<32x64, q4_1, p16>
// CHECK-NEXT:          %[[C:.*]] = arith.muli %[[S2]], %c32 : index
// CHECK-NEXT:          %[[Y:.*]] = tile.product %[[A]], %[[W]] instruction "dot"
// CHECK-NEXT:          %[[H:.*]] = arith.divui %[[C]], %c32 : index
// CHECK-NEXT:          tile.append values %[[Y]][%[[H]]] of %[[T]] : !tile.tile<1x32>
// CHECK-NEXT:        }

// The other bucket takes 48 tokens to a pass over the weights, 6 to a product.
// CHECK-LABEL: tile.phase @heads.q.k.v.m6
// CHECK-SAME:    bucket 6
// CHECK:       %[[N:.*]] = tile.count tokens
// CHECK-NEXT:  scf.for %[[T:.*]] = %c0 to %[[N]] step %c48 {
// CHECK-NEXT:    %[[REST:.*]] = arith.subi %[[N]], %[[T]] : index
// CHECK-NEXT:    %[[VALID:.*]] = arith.minui %[[REST]], %c48 : index
// CHECK-NEXT:    tile.load @buffer.residual[%[[T]], %c0] valid %[[VALID]] : !tile.tile<48x64>
// CHECK:         %[[A:.*]] = tile.quantize %{{.*}} : !tile.tile<48x64> -> !tile.qtile<48x64, block = 32>
// CHECK:             tile.weights @pack.heads.q.k.v[%{{.*}}] : !tile.matrix<64x64, q4_1, p16>
// CHECK:             scf.for %[[M:.*]] = %c0 to %[[VALID]] step %c6 {
// CHECK-NEXT:          %[[ROW:.*]] = arith.addi %[[T]], %[[M]] : index
// CHECK-NEXT:          %[[P:.*]] = tile.rows %[[A]][%[[M]]] : !tile.qtile<48x64, block = 32> -> !tile.qtile<6x64, block = 32>
// CHECK-NEXT:          %[[Y:.*]] = tile.product %[[P]], %{{.*}} instruction "dot" : !tile.qtile<6x64, block = 32>, !tile.matrix<64x64, q4_1, p16> -> !tile.tile<6x64>
// CHECK-NEXT:          tile.rotate %[[Y]] of %[[ROW]]
// CHECK:               tile.append keys %{{.*}}[%{{.*}}] of %{{.*}} : !tile.tile<6x32>
// CHECK:               tile.append values %{{.*}}[%{{.*}}] of %{{.*}} : !tile.tile<6x32>

// Floats need no instruction.
// CHECK-LABEL: tile.phase @heads.out.m1
// CHECK:         tile.product %{{.*}}, %{{.*}} : !tile.tile<1x128>, !tile.matrix<32x128, f16, p16> -> !tile.tile<1x32>
// CHECK-LABEL: tile.phase @heads.out.m6
// CHECK:           tile.rows %{{.*}}[%{{.*}}] : !tile.tile<48x128> -> !tile.tile<6x128>
// CHECK-NEXT:      tile.product %{{.*}}, %{{.*}} : !tile.tile<6x128>, !tile.matrix<32x128, f16, p16> -> !tile.tile<6x32>

graph.layer @zipped(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x64xf32> {
  %wg = graph.param @block::@gate[%i] : !graph.weight<96x64, q4_0>
  %wu = graph.param @block::@up[%i] : !graph.weight<96x64, q4_0>
  %wd = graph.param @block::@wide[%i] : !graph.weight<64x96, f16>
  %n = graph.quantize %x by 32 : tensor<?x64xf32>
  %g = graph.linear %n, %wg : !graph.qtensor<?x64, block = 32>, !graph.weight<96x64, q4_0>
  %u = graph.linear %n, %wu : !graph.qtensor<?x64, block = 32>, !graph.weight<96x64, q4_0>
  %f = graph.glu %g, %u silu : tensor<?x96xf32>
  %y = graph.linear %f, %wd : tensor<?x96xf32>, !graph.weight<64x96, f16>
  graph.return %y : tensor<?x64xf32>
}

// Tile 2s is gate, tile 2s + 1 is up.
// CHECK-LABEL: tile.phase @zipped.gate.up.m1
// CHECK:         tile.shares %c3
// CHECK-NEXT:    scf.for %[[S:.*]] = %
// CHECK-NEXT:      %[[T0:.*]] = arith.muli %[[S]], %c2 : index
// CHECK-NEXT:      %[[WG:.*]] = tile.weights @pack.zipped.gate.up[%[[T0]]] : !tile.matrix<32x64, q4_0, p16>
// CHECK-NEXT:      %[[T1:.*]] = arith.addi %[[T0]], %c1 : index
// CHECK-NEXT:      %[[WU:.*]] = tile.weights @pack.zipped.gate.up[%[[T1]]] : !tile.matrix<32x64, q4_0, p16>
// CHECK-NEXT:      %[[C:.*]] = arith.muli %[[S]], %c32 : index
// CHECK-NEXT:      %[[G:.*]] = tile.product %{{.*}}, %[[WG]]
// CHECK-NEXT:      %[[U:.*]] = tile.product %{{.*}}, %[[WU]]
// CHECK-NEXT:      %[[F:.*]] = tile.map(%[[G]], %[[U]] : !tile.tile<1x32>, !tile.tile<1x32>) -> !tile.tile<1x32> {
// CHECK:           tile.store %[[F]], @buffer.zipped.gate.up[%{{.*}}, %[[C]]] : !tile.tile<1x32>

graph.layer @formats(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x64xf32> {
  %wk = graph.param @block::@k[%i] : !graph.weight<64x64, q4_1>
  %wv = graph.param @block::@v8[%i] : !graph.weight<64x64, q8_0>
  %wg = graph.param @block::@gate[%i] : !graph.weight<96x64, q4_0>
  %wu = graph.param @block::@up8[%i] : !graph.weight<96x64, q8_0>
  %wd = graph.param @block::@wide[%i] : !graph.weight<64x96, f16>
  %n = graph.quantize %x by 32 : tensor<?x64xf32>
  %k = graph.linear %n, %wk : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
  %v = graph.linear %n, %wv : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q8_0>
  %m = graph.quantize %k by 32 : tensor<?x64xf32>
  %g = graph.linear %m, %wg : !graph.qtensor<?x64, block = 32>, !graph.weight<96x64, q4_0>
  %u = graph.linear %m, %wu : !graph.qtensor<?x64, block = 32>, !graph.weight<96x64, q8_0>
  %f = graph.glu %g, %u silu : tensor<?x96xf32>
  %y = graph.linear %f, %wd : tensor<?x96xf32>, !graph.weight<64x96, f16>
  %r = graph.residual %v, %y : tensor<?x64xf32>
  graph.return %r : tensor<?x64xf32>
}

// CHECK-LABEL: tile.phase @formats.k.v8.m1
// CHECK:         tile.shares %c4
// CHECK-NEXT:    scf.for %[[S:.*]] = %
// CHECK:             tile.weights @pack.block.k[%[[S]]] : !tile.matrix<32x64, q4_1, p16>
// CHECK:           } else {
// CHECK-NEXT:        %[[S1:.*]] = arith.subi %[[S]], %c2 : index
// CHECK-NEXT:        tile.weights @pack.block.v8[%[[S1]]] : !tile.matrix<32x64, q8_0, p16>
// CHECK-LABEL: tile.phase @formats.gate.up8.m1
// CHECK:         tile.shares %c3
// CHECK-NEXT:    scf.for %[[S:.*]] = %
// CHECK-NEXT:      tile.weights @pack.block.gate[%[[S]]] : !tile.matrix<32x64, q4_0, p16>
// CHECK-NEXT:      tile.weights @pack.block.up8[%[[S]]] : !tile.matrix<32x64, q8_0, p16>

// Rows that do not begin at a whole tile are packed apart, too.
graph.layer @unaligned(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x64xf32> {
  %wn = graph.param @block::@narrow[%i] : !graph.weight<16x64, f16>
  %ws = graph.param @block::@square[%i] : !graph.weight<64x64, f16>
  %wb = graph.param @block::@back[%i] : !graph.weight<64x16, f16>
  %n = graph.linear %x, %wn : tensor<?x64xf32>, !graph.weight<16x64, f16>
  %s = graph.linear %x, %ws : tensor<?x64xf32>, !graph.weight<64x64, f16>
  %b = graph.linear %n, %wb : tensor<?x16xf32>, !graph.weight<64x16, f16>
  %y = graph.residual %s, %b : tensor<?x64xf32>
  graph.return %y : tensor<?x64xf32>
}

// One share of 16 rows, then two of 32.
// CHECK-LABEL: tile.phase @unaligned.narrow.square.m1
// CHECK:         tile.shares %c3
// CHECK-NEXT:    scf.for %[[S:.*]] = %
// CHECK-NEXT:      arith.cmpi ult, %[[S]], %c1 : index
// CHECK:             tile.weights @pack.block.narrow[%[[S]]] : !tile.matrix<16x64, f16, p16>
// CHECK:           } else {
// CHECK-NEXT:        %[[S1:.*]] = arith.subi %[[S]], %c1 : index
// CHECK-NEXT:        tile.weights @pack.block.square[%[[S1]]] : !tile.matrix<32x64, f16, p16>

// Keys and values of different sizes share heads of their own; a norm of heads wants whole ones, too.
graph.layer @dimensions(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x32, value_dim = 16, k = <f16>, v = <f16>>, %i: index) -> tensor<?x64xf32> {
  %wk = graph.param @block::@k2[%i] : !graph.weight<64x64, q4_1>
  %wv = graph.param @block::@v2[%i] : !graph.weight<32x64, q4_1>
  %ws = graph.param @block::@square[%i] : !graph.weight<64x64, f16>
  %wh = graph.param @block::@head_norm[%i] : !graph.weight<64, f32>
  %n = graph.quantize %x by 32 : tensor<?x64xf32>
  %k = graph.linear %n, %wk : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
  %v = graph.linear %n, %wv : !graph.qtensor<?x64, block = 32>, !graph.weight<32x64, q4_1>
  kv.append %kv, %k, %v, %tok : !kv.cache<2x32, value_dim = 16, k = <f16>, v = <f16>>, tensor<?x64xf32>, tensor<?x32xf32>, !graph.tokens
  %s = graph.linear %k, %ws : tensor<?x64xf32>, !graph.weight<64x64, f16>
  %y = graph.norm %s, %wh {eps = 1.0e-5, group = 64 : i64} : tensor<?x64xf32>, !graph.weight<64, f32>
  graph.return %y : tensor<?x64xf32>
}

// Two heads of keys of 32 rows, then, from row 64 or tile 4 on, two of values of 16.
// CHECK-LABEL: tile.phase @dimensions.k2.v2.m1
// CHECK:         tile.shares %c4
// CHECK-NEXT:    scf.for %[[S:.*]] = %
// CHECK:             tile.weights @pack.dimensions.k2.v2[%[[S]]] : !tile.matrix<32x64, q4_1, p16>
// CHECK:             tile.append keys
// CHECK:           } else {
// CHECK-NEXT:        %[[S1:.*]] = arith.subi %[[S]], %c2 : index
// CHECK-NEXT:        %[[TILE:.*]] = arith.addi %[[S]], %c2 : index
// CHECK-NEXT:        tile.weights @pack.dimensions.k2.v2[%[[TILE]]] : !tile.matrix<16x64, q4_1, p16>
// CHECK-NEXT:        %[[C:.*]] = arith.muli %[[S1]], %c16 : index
// CHECK:             %[[H:.*]] = arith.divui %[[C]], %c16 : index
// CHECK-NEXT:        tile.append values %{{.*}}[%[[H]]] of %{{.*}} : !tile.tile<1x16>
// CHECK-LABEL: tile.phase @dimensions.square.m1
// CHECK:         tile.shares %c1
// CHECK:           tile.weights @pack.block.square[%{{.*}}] : !tile.matrix<64x64, f16, p16>

// Where some tiles meet and others do not, every weight is a pack of its own.
graph.layer @parallel(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x64xf32> {
  %wk = graph.param @block::@k[%i] : !graph.weight<64x64, q4_1>
  %wv = graph.param @block::@v[%i] : !graph.weight<64x64, q4_1>
  %w2 = graph.param @block::@k2[%i] : !graph.weight<64x64, q4_1>
  %ws = graph.param @block::@square[%i] : !graph.weight<64x64, f16>
  %n = graph.quantize %x by 32 : tensor<?x64xf32>
  %q = graph.linear %n, %w2 : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
  %g = graph.linear %n, %wk : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
  %u = graph.linear %n, %wv : !graph.qtensor<?x64, block = 32>, !graph.weight<64x64, q4_1>
  %f = graph.glu %g, %u silu : tensor<?x64xf32>
  %s = graph.linear %f, %ws : tensor<?x64xf32>, !graph.weight<64x64, f16>
  %y = graph.residual %q, %s : tensor<?x64xf32>
  graph.return %y : tensor<?x64xf32>
}

// CHECK-LABEL: tile.phase @parallel.k2.k.v.m1
// CHECK:         tile.shares %c4
// CHECK:             tile.weights @pack.block.k2[%{{.*}}] : !tile.matrix<32x64, q4_1, p16>
// CHECK:           } else {
// CHECK:             tile.weights @pack.block.k[%[[S:.*]]] : !tile.matrix<32x64, q4_1, p16>
// CHECK:             tile.weights @pack.block.v[%[[S]]] : !tile.matrix<32x64, q4_1, p16>

// k crosses the barrier as it is and rotated. Only its own shares rotate it.
graph.layer @shared_result(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x64xf32> {
  %wq = graph.param @block::@square[%i] : !graph.weight<64x64, f16>
  %wn = graph.param @block::@narrow[%i] : !graph.weight<16x64, f16>
  %wb = graph.param @block::@back[%i] : !graph.weight<64x16, f16>
  %q = graph.linear %x, %wq : tensor<?x64xf32>, !graph.weight<64x64, f16>
  %k = graph.linear %x, %wn : tensor<?x64xf32>, !graph.weight<16x64, f16>
  %r = graph.rope %k, %tok halves {head_dim = 16, dim = 16, theta = 1.0e4} : tensor<?x16xf32>
  %a = graph.linear %k, %wb : tensor<?x16xf32>, !graph.weight<64x16, f16>
  %b = graph.linear %r, %wb : tensor<?x16xf32>, !graph.weight<64x16, f16>
  %c = graph.residual %a, %b : tensor<?x64xf32>
  %y = graph.residual %q, %c : tensor<?x64xf32>
  graph.return %y : tensor<?x64xf32>
}

// CHECK-LABEL: tile.phase @shared_result.square.narrow.m1
// CHECK:           scf.if
// CHECK-NOT:         tile.rotate
// CHECK:             tile.store %{{.*}}, @buffer.shared_result.square.narrow[%{{.*}}, %{{.*}}] : !tile.tile<1x32>
// CHECK-NOT:         tile.store
// CHECK:           } else {
// CHECK:             %[[K:.*]] = tile.product
// CHECK-NEXT:        %[[R:.*]] = tile.rotate %[[K]]
// CHECK-DAG:         tile.store %[[K]], @buffer.shared_result.square.narrow.{{[23]}}[%{{.*}}, %{{.*}}] : !tile.tile<1x16>
// CHECK-DAG:         tile.store %[[R]], @buffer.shared_result.square.narrow.{{[23]}}[%{{.*}}, %{{.*}}] : !tile.tile<1x16>

// A bias is added to the tile.
graph.layer @bias(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x64xf32> {
  %w = graph.param @block::@square[%i] : !graph.weight<64x64, f16>
  %b = graph.param @block::@bias[%i] : !graph.weight<64, f32>
  %h = graph.residual %x, %x : tensor<?x64xf32>
  %y = graph.linear %h, %w bias %b : tensor<?x64xf32>, !graph.weight<64x64, f16>, !graph.weight<64, f32>
  graph.return %y : tensor<?x64xf32>
}

// CHECK-LABEL: tile.phase @bias.square.m6
// CHECK:         tile.shares %c2
// CHECK-NEXT:    scf.for %[[S:.*]] = %
// CHECK:           %[[C:.*]] = arith.muli %[[S]], %c32 : index
// CHECK:             %[[Y:.*]] = tile.product
// CHECK-NEXT:        %[[B:.*]] = tile.vector @pack.block.bias[%[[C]]] : !tile.tile<1x32>
// CHECK-NEXT:        %[[R:.*]] = tile.map(%[[Y]], %[[B]] : !tile.tile<6x32>, !tile.tile<1x32>) -> !tile.tile<6x32> {
// CHECK-NEXT:        ^bb0(%[[P:.*]]: f32, %[[Q:.*]]: f32):
// CHECK-NEXT:          %[[SUM:.*]] = arith.addf %[[P]], %[[Q]] : f32
// CHECK-NEXT:          tile.yield %[[SUM]]
// CHECK-NEXT:        }
// CHECK-NEXT:        tile.store %[[R]], @buffer.residual[%{{.*}}, %[[C]]] : !tile.tile<6x32>

// Rows are filled up to whole groups of 16: 37 take 48 rows of the pack, so that the second product's begin
// at tile 3. The last share of each is wider than what is left of the buffer.
graph.layer @filled_up(%x: tensor<?x64xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x64xf32> {
  %wa = graph.param @block::@odd[%i] : !graph.weight<37x64, f16>
  %wb = graph.param @block::@odd2[%i] : !graph.weight<37x64, f16>
  %we = graph.param @block::@even[%i] : !graph.weight<64x37, f16>
  %h = graph.residual %x, %x : tensor<?x64xf32>
  %a = graph.linear %h, %wa : tensor<?x64xf32>, !graph.weight<37x64, f16>
  %b = graph.linear %h, %wb : tensor<?x64xf32>, !graph.weight<37x64, f16>
  %y = graph.linear %a, %we : tensor<?x37xf32>, !graph.weight<64x37, f16>
  %z = graph.linear %b, %we : tensor<?x37xf32>, !graph.weight<64x37, f16>
  %r = graph.residual %y, %z : tensor<?x64xf32>
  graph.return %r : tensor<?x64xf32>
}

// CHECK-LABEL: tile.phase @filled_up.odd.odd2.m1
// CHECK:         tile.shares %c6
// CHECK-NEXT:    scf.for %[[S:.*]] = %
// CHECK-NEXT:      %[[FIRST:.*]] = arith.cmpi ult, %[[S]], %c3 : index
// CHECK-NEXT:      scf.if %[[FIRST]] {
// CHECK-NEXT:        tile.weights @pack.filled_up.odd.odd2[%[[S]]] : !tile.matrix<16x64, f16, p16>
// CHECK:             tile.store %{{.*}}, @buffer.filled_up.odd.odd2[%{{.*}}, %{{.*}}] : !tile.tile<1x16>
// CHECK:           } else {
// CHECK:             tile.weights @pack.filled_up.odd.odd2[%[[S]]] : !tile.matrix<16x64, f16, p16>

// The weights of a phase are one pack: behind each other when every product has tiles of its own, in
// turn when their tiles meet, apart when their formats or tiles differ. Each is packed once.
// CHECK:      tile.pack @pack.heads.q.k.v of [@block::@q, @block::@k, @block::@v] order p16
// CHECK-NEXT: tile.pack @pack.block.norm of [@block::@norm] order vector
// CHECK-NEXT: tile.pack @pack.block.out of [@block::@out] order p16
// CHECK-NEXT: tile.pack @pack.zipped.gate.up of [@block::@gate, @block::@up] by 32 order p16
// CHECK-NEXT: tile.pack @pack.block.wide of [@block::@wide] order p16
// CHECK-NEXT: tile.pack @pack.block.k of [@block::@k] order p16
// CHECK-NEXT: tile.pack @pack.block.v8 of [@block::@v8] order p16
// CHECK-NEXT: tile.pack @pack.block.gate of [@block::@gate] order p16
// CHECK-NEXT: tile.pack @pack.block.up8 of [@block::@up8] order p16
// CHECK-NEXT: tile.pack @pack.block.narrow of [@block::@narrow] order p16
// CHECK-NEXT: tile.pack @pack.block.square of [@block::@square] order p16
// CHECK-NEXT: tile.pack @pack.block.back of [@block::@back] order p16
// CHECK-NEXT: tile.pack @pack.dimensions.k2.v2 of [@block::@k2, @block::@v2] order p16
// CHECK-NEXT: tile.pack @pack.block.head_norm of [@block::@head_norm] order vector
// CHECK-NEXT: tile.pack @pack.block.k2 of [@block::@k2] order p16
// CHECK-NEXT: tile.pack @pack.block.v of [@block::@v] order p16
// CHECK-NEXT: tile.pack @pack.shared_result.square.narrow of [@block::@square, @block::@narrow] order p16
// CHECK-NEXT: tile.pack @pack.block.bias of [@block::@bias] order vector
// CHECK-NEXT: tile.pack @pack.filled_up.odd.odd2 of [@block::@odd, @block::@odd2] order p16
// CHECK-NEXT: tile.pack @pack.block.even of [@block::@even] order p16
// CHECK-NEXT: }

}
