// RUN: %frit-opt %s --split-input-file --pass-pipeline="builtin.module(frit-form-phases,frit-form-tiles{max-tokens=96},canonicalize,cse)" | FileCheck %s
// RUN: %frit-opt %s --split-input-file --pass-pipeline="builtin.module(frit-form-phases,frit-form-tiles)" | FileCheck %s --check-prefix=DEFAULT
// There is code for one token and for steps of 4 or 6 tokens, by the number of vector registers.

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 31, instructions = [], memories = []>
module @few_registers attributes {machine.target = #target} {
graph.file @f0 "model.gguf"
graph.weight @table : !graph.weight<64x32, f32> at @f0, 0
graph.func @forward(%tok: !graph.tokens) -> tensor<?x64xf32> {
  %t = graph.param @table : !graph.weight<64x32, f32>
  %x = graph.embed %tok, %t : !graph.weight<64x32, f32>
  %s = graph.select %x, %tok : tensor<?x32xf32>
  %l = graph.logits %s, %t : tensor<?x32xf32>, !graph.weight<64x32, f32>
  graph.return %l : tensor<?x64xf32>
}
}

// CHECK-LABEL: module @few_registers
// A step of tokens is a share of the embedding.
// CHECK:       tile.phase @forward.embed.m1 reference @forward.embed.reference bucket 1 inputs [] outputs [@buffer.forward.embed] {
// CHECK:         %[[N:.*]] = tile.count tokens
// CHECK-NEXT:    %[[LO:.*]], %[[HI:.*]], %[[STEP:.*]] = tile.shares %[[N]]{{$}}
// CHECK-NEXT:    scf.for %[[T:.*]] = %[[LO]] to %[[HI]] step %[[STEP]] {
// CHECK:           tile.embed @pack.table[%[[T]]] valid %{{.*}} : !tile.tile<1x32>
// CHECK:       tile.phase @forward.embed.m4 reference @forward.embed.reference bucket 4 inputs [] outputs [@buffer.forward.embed] {
// CHECK:         %[[N:.*]] = tile.count tokens
// CHECK-NEXT:    %[[STEPS:.*]] = arith.ceildivui %[[N]], %c4 : index
// CHECK-NEXT:    %[[LO:.*]], %[[HI:.*]], %[[STEP:.*]] = tile.shares %[[STEPS]]{{$}}
// CHECK-NEXT:    scf.for %[[S:.*]] = %[[LO]] to %[[HI]] step %[[STEP]] {
// CHECK-NEXT:      %[[T:.*]] = arith.muli %[[S]], %c4 : index
// CHECK-NEXT:      %[[REST:.*]] = arith.subi %[[N]], %[[T]] : index
// CHECK-NEXT:      %[[VALID:.*]] = arith.minui %[[REST]], %c4 : index
// CHECK-NEXT:      %[[X:.*]] = tile.embed @pack.table[%[[T]]] valid %[[VALID]] : !tile.tile<4x32>
// CHECK-NEXT:      tile.store %[[X]], @buffer.forward.embed[%[[T]], %c0] : !tile.tile<4x32>

// Logits are for the wanted rows only.
// CHECK:       tile.phase @forward.logits.m4
// CHECK:         %[[N:.*]] = tile.count wanted
// CHECK-NEXT:    scf.for %[[T:.*]] = %c0 to %[[N]] step %c48 {
// CHECK:           tile.load @buffer.forward.embed[%[[T]], %c0] valid %{{.*}} wanted : !tile.tile<48x32>
// CHECK:             tile.store %{{.*}}, @buffer.forward.logits[%{{.*}}, %{{.*}}] : !tile.tile<4x32>
// CHECK:       tile.buffer @buffer.forward.embed[tokens, 32]
// CHECK-NEXT:  tile.buffer @buffer.forward.logits[wanted, 64]
// CHECK-NEXT:  tile.pack @pack.table of [@table] order p16
// CHECK-NEXT:  tile.program @decode max_tokens 1 logits @buffer.forward.logits {
// CHECK-NEXT:    tile.run @forward.embed.m1
// CHECK-NEXT:    tile.run @forward.logits.m1
// CHECK-NEXT:  }
// CHECK-NEXT:  tile.program @prefill max_tokens 96 multiple 48 logits @buffer.forward.logits {
// CHECK-NEXT:    tile.run @forward.embed.m4
// CHECK-NEXT:    tile.run @forward.logits.m4
// CHECK-NEXT:  }
// CHECK-NEXT:  tile.program @batch max_tokens 96 multiple 48 mixed logits @buffer.forward.logits {
// CHECK-NEXT:    tile.run @forward.embed.m4
// CHECK-NEXT:    tile.run @forward.logits.m4
// CHECK-NEXT:  }
// DEFAULT:     tile.program @decode max_tokens 1 logits
// DEFAULT:     tile.program @prefill max_tokens 512 multiple 48 logits

// -----

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module @many_registers attributes {machine.target = #target} {
graph.file @f0 "model.gguf"
graph.weight @table : !graph.weight<64x32, f32> at @f0, 0
graph.func @forward(%tok: !graph.tokens) -> tensor<?x64xf32> {
  %t = graph.param @table : !graph.weight<64x32, f32>
  %x = graph.embed %tok, %t : !graph.weight<64x32, f32>
  %l = graph.logits %x, %t : tensor<?x32xf32>, !graph.weight<64x32, f32>
  graph.return %l : tensor<?x64xf32>
}
}

// CHECK-LABEL: module @many_registers
// CHECK:       tile.phase @forward.embed.m6 reference @forward.embed.reference bucket 6
// CHECK:         tile.store %{{.*}}, @buffer.forward.embed[%{{.*}}, %{{.*}}] : !tile.tile<6x32>
// Without a selection there are logits for every token.
// CHECK:       tile.phase @forward.logits.m6
// CHECK:         tile.count tokens
// CHECK:         tile.store %{{.*}}, @buffer.forward.logits[%{{.*}}, %{{.*}}] : !tile.tile<6x32>
// CHECK:       tile.buffer @buffer.forward.logits[tokens, 64]
