// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases,frit-form-tiles,canonicalize,cse)" | FileCheck %s
// Attention shares kv heads and steps of tokens, and streams over blocks of 64 keys with a running maximum.

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 32, vector_registers = 16, instructions = [], memories = []>
module attributes {machine.target = #target} {

graph.file @f0 "model.gguf"
graph.weights @block [1] {
  graph.column @q : !graph.weight<192x32, f32> at [@f0], [0]
  graph.column @o : !graph.weight<32x288, f32> at [@f0], [0]
}

// 6 query heads over 2 kv heads: 3 heads of a token read the same keys.
graph.layer @causal(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x32, value_dim = 48, k = <f16>, v = <f32>>, %i: index) -> tensor<?x32xf32> {
  %wq = graph.param @block::@q[%i] : !graph.weight<192x32, f32>
  %wo = graph.param @block::@o[%i] : !graph.weight<32x288, f32>
  %q = graph.linear %x, %wq : tensor<?x32xf32>, !graph.weight<192x32, f32>
  %a = graph.attention %q cache %kv, %tok heads 6 over 2 {scale = 0.25, mask = #graph.mask<causal>} : tensor<?x192xf32>, !kv.cache<2x32, value_dim = 48, k = <f16>, v = <f32>>, !graph.tokens
  %o = graph.linear %a, %wo : tensor<?x288xf32>, !graph.weight<32x288, f32>
  graph.return %o : tensor<?x32xf32>
}

// CHECK:      tile.phase @causal.attention.m4 reference @causal.attention.reference bucket 4 cache !kv.cache<2x32, value_dim = 48, k = <f16>, v = <f32>> inputs [@buffer.causal.q] outputs [@buffer.causal.attention] {
// CHECK-NEXT:   [[C144:%.*]] = arith.constant 144 : index
// CHECK-NEXT:   [[CST:%.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   [[C64:%.*]] = arith.constant 64 : index
// CHECK-NEXT:   [[CST_0:%.*]] = arith.constant 2.500000e-01 : f32
// CHECK-NEXT:   [[C96:%.*]] = arith.constant 96 : index
// CHECK-NEXT:   [[C2:%.*]] = arith.constant 2 : index
// CHECK-NEXT:   [[C4:%.*]] = arith.constant 4 : index
// CHECK-NEXT:   [[COUNT:%.*]] = tile.count tokens
// CHECK-NEXT:   [[CEILDIVUI:%.*]] = arith.ceildivui [[COUNT]], [[C4]] : index
// CHECK-NEXT:   [[MULI:%.*]] = arith.muli [[CEILDIVUI]], [[C2]] : index
// CHECK-NEXT:   [[SHARES:%.*]], [[SHARES2:%.*]], [[SHARES3:%.*]] = tile.shares [[MULI]] cyclic
// CHECK-NEXT:   scf.for [[ARG:%.*]] = [[SHARES]] to [[SHARES2]] step [[SHARES3]] {
// CHECK-NEXT:     [[REMUI:%.*]] = arith.remui [[ARG]], [[C2]] : index
// CHECK-NEXT:     [[DIVUI:%.*]] = arith.divui [[ARG]], [[C2]] : index
// CHECK-NEXT:     [[MULI2:%.*]] = arith.muli [[DIVUI]], [[C4]] : index
// CHECK-NEXT:     [[MULI3:%.*]] = arith.muli [[REMUI]], [[C96]] : index
// CHECK-NEXT:     [[LOAD:%.*]] = tile.load @buffer.causal.q[[[MULI2]], [[MULI3]]] : !tile.tile<4x96>
// CHECK-NEXT:     [[RESHAPE:%.*]] = tile.reshape [[LOAD]] : !tile.tile<4x96> -> !tile.tile<12x32>
// CHECK-NEXT:     [[MAP:%.*]] = tile.map([[RESHAPE]] : !tile.tile<12x32>) -> !tile.tile<12x32> {
// CHECK-NEXT:     ^bb0([[ARG2:%.*]]: f32):
// CHECK-NEXT:       [[MULF:%.*]] = arith.mulf [[ARG2]], [[CST_0]] : f32
// CHECK-NEXT:       tile.yield [[MULF]]
// CHECK-NEXT:     }
// CHECK-NEXT:     [[KEY_RANGE:%.*]], [[KEY_RANGE2:%.*]] = tile.key_range [[MULI2]], 4 block 64
// CHECK-NEXT:     [[FILL:%.*]] = tile.fill -1.000000e+30 : !tile.tile<12x1>
// CHECK-NEXT:     [[FILL2:%.*]] = tile.fill 0.000000e+00 : !tile.tile<12x1>
// CHECK-NEXT:     [[FILL3:%.*]] = tile.fill 0.000000e+00 : !tile.tile<12x48>
// CHECK-NEXT:     [[FOR:%.*]]:3 = scf.for [[ARG2:%.*]] = [[KEY_RANGE]] to [[KEY_RANGE2]] step [[C64]] iter_args([[ARG3:%.*]] = [[FILL]], [[ARG4:%.*]] = [[FILL2]], [[ARG5:%.*]] = [[FILL3]]) -> (!tile.tile<12x1>, !tile.tile<12x1>, !tile.tile<12x48>) {
// CHECK-NEXT:       [[CACHE:%.*]] = tile.cache keys[[[REMUI]], [[ARG2]]] of [[MULI2]] : !tile.matrix<64x32, f16, p16>
// CHECK-NEXT:       [[PRODUCT:%.*]] = tile.product [[MAP]], [[CACHE]] : !tile.tile<12x32>, !tile.matrix<64x32, f16, p16> -> !tile.tile<12x64>
// CHECK-NEXT:       [[MASK:%.*]] = tile.mask [[PRODUCT]] of [[MULI2]] keys [[ARG2]] heads 3 : !tile.tile<12x64>
// CHECK-NEXT:       [[REDUCE:%.*]] = tile.reduce max [[MASK]] : !tile.tile<12x64> -> !tile.tile<12x1>
// CHECK-NEXT:       [[MAP2:%.*]] = tile.map([[ARG3]], [[REDUCE]] : !tile.tile<12x1>, !tile.tile<12x1>) -> !tile.tile<12x1> {
// CHECK-NEXT:       ^bb0([[ARG6:%.*]]: f32, [[ARG7:%.*]]: f32):
// CHECK-NEXT:         [[MAXNUMF:%.*]] = arith.maxnumf [[ARG6]], [[ARG7]] : f32
// CHECK-NEXT:         tile.yield [[MAXNUMF]]
// CHECK-NEXT:       }
// CHECK-NEXT:       [[MAP3:%.*]] = tile.map([[MASK]], [[MAP2]] : !tile.tile<12x64>, !tile.tile<12x1>) -> !tile.tile<12x64> {
// CHECK-NEXT:       ^bb0([[ARG6:%.*]]: f32, [[ARG7:%.*]]: f32):
// CHECK-NEXT:         [[SUBF:%.*]] = arith.subf [[ARG6]], [[ARG7]] : f32
// CHECK-NEXT:         [[EXP:%.*]] = math.exp [[SUBF]] : f32
// CHECK-NEXT:         tile.yield [[EXP]]
// CHECK-NEXT:       }
// CHECK-NEXT:       [[MAP4:%.*]] = tile.map([[ARG3]], [[MAP2]] : !tile.tile<12x1>, !tile.tile<12x1>) -> !tile.tile<12x1> {
// CHECK-NEXT:       ^bb0([[ARG6:%.*]]: f32, [[ARG7:%.*]]: f32):
// CHECK-NEXT:         [[SUBF2:%.*]] = arith.subf [[ARG6]], [[ARG7]] : f32
// CHECK-NEXT:         [[EXP2:%.*]] = math.exp [[SUBF2]] : f32
// CHECK-NEXT:         tile.yield [[EXP2]]
// CHECK-NEXT:       }
// CHECK-NEXT:       [[REDUCE2:%.*]] = tile.reduce add [[MAP3]] : !tile.tile<12x64> -> !tile.tile<12x1>
// CHECK-NEXT:       [[MAP5:%.*]] = tile.map([[ARG4]], [[MAP4]], [[REDUCE2]] : !tile.tile<12x1>, !tile.tile<12x1>, !tile.tile<12x1>) -> !tile.tile<12x1> {
// CHECK-NEXT:       ^bb0([[ARG6:%.*]]: f32, [[ARG7:%.*]]: f32, [[ARG8:%.*]]: f32):
// CHECK-NEXT:         [[MULF2:%.*]] = arith.mulf [[ARG6]], [[ARG7]] : f32
// CHECK-NEXT:         [[ADDF:%.*]] = arith.addf [[MULF2]], [[ARG8]] : f32
// CHECK-NEXT:         tile.yield [[ADDF]]
// CHECK-NEXT:       }
// CHECK-NEXT:       [[MAP6:%.*]] = tile.map([[ARG5]], [[MAP4]] : !tile.tile<12x48>, !tile.tile<12x1>) -> !tile.tile<12x48> {
// CHECK-NEXT:       ^bb0([[ARG6:%.*]]: f32, [[ARG7:%.*]]: f32):
// CHECK-NEXT:         [[MULF3:%.*]] = arith.mulf [[ARG6]], [[ARG7]] : f32
// CHECK-NEXT:         tile.yield [[MULF3]]
// CHECK-NEXT:       }
// CHECK-NEXT:       [[CACHE2:%.*]] = tile.cache values[[[REMUI]], [[ARG2]]] of [[MULI2]] : !tile.matrix<48x64, f32, columns>
// CHECK-NEXT:       [[PRODUCT2:%.*]] = tile.product [[MAP3]], [[CACHE2]] into [[MAP6]] : !tile.tile<12x64>, !tile.matrix<48x64, f32, columns> into !tile.tile<12x48> -> !tile.tile<12x48>
// CHECK-NEXT:       scf.yield [[MAP2]], [[MAP5]], [[PRODUCT2]] : !tile.tile<12x1>, !tile.tile<12x1>, !tile.tile<12x48>
// CHECK-NEXT:     }
// CHECK-NEXT:     [[MAP7:%.*]] = tile.map([[FOR]]#2, [[FOR]]#1 : !tile.tile<12x48>, !tile.tile<12x1>) -> !tile.tile<12x48> {
// CHECK-NEXT:     ^bb0([[ARG2:%.*]]: f32, [[ARG3:%.*]]: f32):
// CHECK-NEXT:       [[CMPF:%.*]] = arith.cmpf ogt, [[ARG3]], [[CST]] : f32
// CHECK-NEXT:       [[DIVF:%.*]] = arith.divf [[ARG2]], [[ARG3]] : f32
// CHECK-NEXT:       [[SELECT:%.*]] = arith.select [[CMPF]], [[DIVF]], [[CST]] : f32
// CHECK-NEXT:       tile.yield [[SELECT]]
// CHECK-NEXT:     }
// CHECK-NEXT:     [[MULI4:%.*]] = arith.muli [[REMUI]], [[C144]] : index
// CHECK-NEXT:     [[RESHAPE2:%.*]] = tile.reshape [[MAP7]] : !tile.tile<12x48> -> !tile.tile<4x144>
// CHECK-NEXT:     tile.store [[RESHAPE2]], @buffer.causal.attention[[[MULI2]], [[MULI4]]] : !tile.tile<4x144>
// CHECK-NEXT:   }
// CHECK-NEXT: }

// With a window, blocks of keys no token can see are left out; the softcap comes before the mask. What
// stands in the epilogue works on the tile before it is stored.
graph.layer @window(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<2x32, value_dim = 48, k = <f32>, v = <f16>>, %i: index) -> tensor<?x32xf32> {
  %wq = graph.param @block::@q[%i] : !graph.weight<192x32, f32>
  %wo = graph.param @block::@o[%i] : !graph.weight<32x288, f32>
  %q = graph.linear %x, %wq : tensor<?x32xf32>, !graph.weight<192x32, f32>
  %a = graph.attention %q cache %kv, %tok heads 6 over 2 {scale = 0.25, mask = #graph.mask<causal>, window = 100, softcap = 50.0} : tensor<?x192xf32>, !kv.cache<2x32, value_dim = 48, k = <f32>, v = <f16>>, !graph.tokens
  %g = graph.glu %a, %a silu : tensor<?x288xf32>
  %o = graph.linear %g, %wo : tensor<?x288xf32>, !graph.weight<32x288, f32>
  graph.return %o : tensor<?x32xf32>
}

// CHECK:      tile.phase @window.attention.m1 reference @window.attention.reference bucket 1 cache !kv.cache<2x32, value_dim = 48, k = <f32>, v = <f16>> inputs [@buffer.window.q] outputs [@buffer.window.attention] {
// CHECK-NEXT:   [[CST:%.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   [[C144:%.*]] = arith.constant 144 : index
// CHECK-NEXT:   [[CST_0:%.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   [[CST_1:%.*]] = arith.constant 5.000000e+01 : f32
// CHECK-NEXT:   [[CST_2:%.*]] = arith.constant 2.000000e-02 : f32
// CHECK-NEXT:   [[C64:%.*]] = arith.constant 64 : index
// CHECK-NEXT:   [[CST_3:%.*]] = arith.constant 2.500000e-01 : f32
// CHECK-NEXT:   [[C96:%.*]] = arith.constant 96 : index
// CHECK-NEXT:   [[C2:%.*]] = arith.constant 2 : index
// CHECK-NEXT:   [[COUNT:%.*]] = tile.count tokens
// CHECK-NEXT:   [[MULI:%.*]] = arith.muli [[COUNT]], [[C2]] : index
// CHECK-NEXT:   [[SHARES:%.*]], [[SHARES2:%.*]], [[SHARES3:%.*]] = tile.shares [[MULI]] cyclic
// CHECK-NEXT:   scf.for [[ARG:%.*]] = [[SHARES]] to [[SHARES2]] step [[SHARES3]] {
// CHECK-NEXT:     [[REMUI:%.*]] = arith.remui [[ARG]], [[C2]] : index
// CHECK-NEXT:     [[DIVUI:%.*]] = arith.divui [[ARG]], [[C2]] : index
// CHECK-NEXT:     [[MULI2:%.*]] = arith.muli [[REMUI]], [[C96]] : index
// CHECK-NEXT:     [[LOAD:%.*]] = tile.load @buffer.window.q[[[DIVUI]], [[MULI2]]] : !tile.tile<1x96>
// CHECK-NEXT:     [[RESHAPE:%.*]] = tile.reshape [[LOAD]] : !tile.tile<1x96> -> !tile.tile<3x32>
// CHECK-NEXT:     [[MAP:%.*]] = tile.map([[RESHAPE]] : !tile.tile<3x32>) -> !tile.tile<3x32> {
// CHECK-NEXT:     ^bb0([[ARG2:%.*]]: f32):
// CHECK-NEXT:       [[MULF:%.*]] = arith.mulf [[ARG2]], [[CST_3]] : f32
// CHECK-NEXT:       tile.yield [[MULF]]
// CHECK-NEXT:     }
// CHECK-NEXT:     [[KEY_RANGE:%.*]], [[KEY_RANGE2:%.*]] = tile.key_range [[DIVUI]], 1 block 64 window 100
// CHECK-NEXT:     [[FILL:%.*]] = tile.fill -1.000000e+30 : !tile.tile<3x1>
// CHECK-NEXT:     [[FILL2:%.*]] = tile.fill 0.000000e+00 : !tile.tile<3x1>
// CHECK-NEXT:     [[FILL3:%.*]] = tile.fill 0.000000e+00 : !tile.tile<3x48>
// CHECK-NEXT:     [[FOR:%.*]]:3 = scf.for [[ARG2:%.*]] = [[KEY_RANGE]] to [[KEY_RANGE2]] step [[C64]] iter_args([[ARG3:%.*]] = [[FILL]], [[ARG4:%.*]] = [[FILL2]], [[ARG5:%.*]] = [[FILL3]]) -> (!tile.tile<3x1>, !tile.tile<3x1>, !tile.tile<3x48>) {
// CHECK-NEXT:       [[CACHE:%.*]] = tile.cache keys[[[REMUI]], [[ARG2]]] of [[DIVUI]] : !tile.matrix<64x32, f32, p16>
// CHECK-NEXT:       [[PRODUCT:%.*]] = tile.product [[MAP]], [[CACHE]] : !tile.tile<3x32>, !tile.matrix<64x32, f32, p16> -> !tile.tile<3x64>
// CHECK-NEXT:       [[MAP2:%.*]] = tile.map([[PRODUCT]] : !tile.tile<3x64>) -> !tile.tile<3x64> {
// CHECK-NEXT:       ^bb0([[ARG6:%.*]]: f32):
// CHECK-NEXT:         [[MULF2:%.*]] = arith.mulf [[ARG6]], [[CST_2]] : f32
// CHECK-NEXT:         [[TANH:%.*]] = math.tanh [[MULF2]] : f32
// CHECK-NEXT:         [[MULF3:%.*]] = arith.mulf [[TANH]], [[CST_1]] : f32
// CHECK-NEXT:         tile.yield [[MULF3]]
// CHECK-NEXT:       }
// CHECK-NEXT:       [[MASK:%.*]] = tile.mask [[MAP2]] of [[DIVUI]] keys [[ARG2]] heads 3 window 100 : !tile.tile<3x64>
// CHECK:            [[CACHE2:%.*]] = tile.cache values[[[REMUI]], [[ARG2]]] of [[DIVUI]] : !tile.matrix<48x64, f16, columns>
// CHECK:          [[MULI3:%.*]] = arith.muli [[REMUI]], [[C144]] : index
// CHECK-NEXT:     [[RESHAPE2:%.*]] = tile.reshape %{{.*}} : !tile.tile<3x48> -> !tile.tile<1x144>
// CHECK-NEXT:     [[MAP9:%.*]] = tile.map([[RESHAPE2]], [[RESHAPE2]] : !tile.tile<1x144>, !tile.tile<1x144>) -> !tile.tile<1x144> {
// CHECK-NEXT:     ^bb0([[ARG2:%.*]]: f32, [[ARG3:%.*]]: f32):
// CHECK-NEXT:       [[NEGF:%.*]] = arith.negf [[ARG2]] : f32
// CHECK-NEXT:       [[EXP3:%.*]] = math.exp [[NEGF]] : f32
// CHECK-NEXT:       [[ADDF2:%.*]] = arith.addf [[EXP3]], [[CST]] : f32
// CHECK-NEXT:       [[DIVF2:%.*]] = arith.divf [[ARG2]], [[ADDF2]] : f32
// CHECK-NEXT:       [[MULF6:%.*]] = arith.mulf [[DIVF2]], [[ARG3]] : f32
// CHECK-NEXT:       tile.yield [[MULF6]]
// CHECK-NEXT:     }
// CHECK-NEXT:     tile.store [[MAP9]], @buffer.window.attention[[[DIVUI]], [[MULI3]]] : !tile.tile<1x144>
// CHECK-NEXT:   }
// CHECK-NEXT: }
}
