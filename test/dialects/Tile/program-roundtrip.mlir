// RUN: %frit-opt %s | FileCheck %s
// RUN: %frit-opt --mlir-print-op-generic %s | %frit-opt | FileCheck %s

graph.file @f0 "model.gguf"
graph.weight @head : !graph.weight<32x64, q8_0> at @f0, 0
graph.weights @block [2] {
  graph.column @a : !graph.weight<64x64, q4_1> at [@f0], [0, 4096]
  graph.column @b : !graph.weight<64x64, q4_1> at [@f0], [0, 4096]
}

// CHECK: tile.buffer @x[tokens, 64]
tile.buffer @x[tokens, 64]
// CHECK: tile.buffer @y[tokens, 32]
tile.buffer @y[tokens, 32]
// CHECK: tile.buffer @codes[tokens, 64] int8 by 32
tile.buffer @codes[tokens, 64] int8 by 32
// CHECK: tile.buffer @logits[wanted, 32]
tile.buffer @logits[wanted, 32]

// CHECK: tile.pack @stacked of [@block::@a, @block::@b] order p16
tile.pack @stacked of [@block::@a, @block::@b] order p16
// CHECK: tile.pack @zipped of [@block::@a, @block::@b] by 32 order p16
tile.pack @zipped of [@block::@a, @block::@b] by 32 order p16
// CHECK: tile.pack @single of [@head] order vector
tile.pack @single of [@head] order vector

kernel.reference @plain.reference(%x: tensor<?x64xf32>, %i: index, %y: tensor<?x32xf32>) -> (tensor<?x32xf32>, tensor<?x64xf32>) {
  kernel.yield %y, %x : tensor<?x32xf32>, tensor<?x64xf32>
}

// CHECK:      tile.phase @plain reference @plain.reference bucket 1 {
// CHECK-NEXT: }
tile.phase @plain reference @plain.reference bucket 1 {
}

// The index argument is no buffer.
// CHECK:      tile.phase @full reference @plain.reference bucket 6 cache !kv.cache<1x64, k = <f16>, v = <f16>> inputs [@x, @y] outputs [@y, @x] {
// CHECK-NEXT:   tile.count tokens
// CHECK-NEXT: }
tile.phase @full reference @plain.reference bucket 6 cache !kv.cache<1x64, k = <f16>, v = <f16>> inputs [@x, @y] outputs [@y, @x] {
  %n = tile.count tokens
}

kernel.reference @int8.reference(%x: !graph.qtensor<?x64, block = 32>, %y: tensor<?x32xf32>) -> !graph.qtensor<?x64, block = 32> {
  kernel.yield %x : !graph.qtensor<?x64, block = 32>
}
// CHECK:      tile.phase @int8 reference @int8.reference bucket 6 inputs [@codes, @y] outputs [@codes] {
tile.phase @int8 reference @int8.reference bucket 6 inputs [@codes, @y] outputs [@codes] {
}

// CHECK:      tile.program @decode max_tokens 1 logits @logits {
// CHECK-NEXT:   tile.run @plain
// CHECK-NEXT:   tile.repeat 2 layer 0 row 0 {
// CHECK-NEXT:     tile.run @plain
// CHECK-NEXT:     tile.run @full
// CHECK-NEXT:   }
// CHECK-NEXT:   tile.repeat 1 layer 2 row 1 {
// CHECK-NEXT:   }
// CHECK-NEXT: }
tile.program @decode max_tokens 1 logits @logits {
  tile.run @plain
  tile.repeat 2 layer 0 row 0 {
    tile.run @plain
    tile.run @full
  }
  tile.repeat 1 layer 2 row 1 {
  }
}

// CHECK:      tile.program @prefill max_tokens 512 multiple 48 logits @logits {
// CHECK-NEXT: }
tile.program @prefill max_tokens 512 multiple 48 logits @logits {
}
