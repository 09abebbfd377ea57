// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases,frit-form-tiles)" | FileCheck %s
// What crosses a barrier has a buffer; layers read and write the residual stream in place.

#target = #machine.target<"t", triple = "t", cpu = "c", features = [], vector_bytes = 64, vector_registers = 32, instructions = [], memories = []>
module attributes {machine.target = #target} {

graph.file @f0 "model.gguf"
graph.weight @table : !graph.weight<64x32, f32> at @f0, 0
graph.weight @norm : !graph.weight<32, f32> at @f0, 0
graph.weight @square : !graph.weight<32x32, f32> at @f0, 0
graph.weights @block [4] {
  graph.column @a : !graph.weight<32x32, f32> at [@f0], [0, 4096, 8192, 12288]
  graph.column @b : !graph.weight<48x32, f32> at [@f0], [0, 8192, 16384, 24576]
  graph.column @c : !graph.weight<32x48, f32> at [@f0], [0, 8192, 16384, 24576]
}

// %1 is dead when %3 is written, which takes its buffer; %2 is alive to the end and %3 when %4 is written.
// The stream is free for nobody.
// CHECK-LABEL: tile.phase @reuse.a.m1
// CHECK-SAME:    inputs [@buffer.residual] outputs [@buffer.reuse.a]
// CHECK-LABEL: tile.phase @reuse.a.2.m1
// CHECK-SAME:    inputs [@buffer.reuse.a] outputs [@buffer.reuse.a.2]
// CHECK-LABEL: tile.phase @reuse.a.3.m1
// CHECK-SAME:    inputs [@buffer.reuse.a.2] outputs [@buffer.reuse.a]
// CHECK-LABEL: tile.phase @reuse.a.4.m1
// CHECK-SAME:    inputs [@buffer.reuse.a] outputs [@buffer.reuse.a.4]
// CHECK-LABEL: tile.phase @reuse.b.m1
// CHECK-SAME:    inputs [@buffer.reuse.a.4] outputs [@buffer.reuse.b]
// CHECK-LABEL: tile.phase @reuse.c.m1
// CHECK-SAME:    inputs [@buffer.reuse.b, @buffer.reuse.a.2] outputs [@buffer.residual]
graph.layer @reuse(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x32xf32> {
  %a = graph.param @block::@a[%i] : !graph.weight<32x32, f32>
  %b = graph.param @block::@b[%i] : !graph.weight<48x32, f32>
  %c = graph.param @block::@c[%i] : !graph.weight<32x48, f32>
  %1 = graph.linear %x, %a : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %2 = graph.linear %1, %a : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %3 = graph.linear %2, %a : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %4 = graph.linear %3, %a : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %5 = graph.linear %4, %b : tensor<?x32xf32>, !graph.weight<48x32, f32>
  %6 = graph.linear %5, %c : tensor<?x48xf32>, !graph.weight<32x48, f32>
  %7 = graph.residual %2, %6 : tensor<?x32xf32>
  graph.return %7 : tensor<?x32xf32>
}

// A residual in the last epilogue may read the stream: it has the tile it writes.
// CHECK-LABEL: tile.phase @in_place.a.m1
// CHECK-SAME:    inputs [@buffer.residual] outputs [@buffer.in_place.a]
// CHECK-LABEL: tile.phase @in_place.a.2.m1
// CHECK-SAME:    inputs [@buffer.in_place.a, @buffer.residual] outputs [@buffer.residual]
// CHECK:           %[[X:.*]] = tile.load @buffer.residual[%[[R:.*]], %[[C:.*]]] : !tile.tile<1x32>
// CHECK:           tile.store %{{.*}}, @buffer.residual[%[[R]], %[[C]]] : !tile.tile<1x32>
graph.layer @in_place(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x32xf32> {
  %a = graph.param @block::@a[%i] : !graph.weight<32x32, f32>
  %1 = graph.linear %x, %a : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %2 = graph.linear %1, %a : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %3 = graph.residual %x, %2 : tensor<?x32xf32>
  graph.return %3 : tensor<?x32xf32>
}

// A layer that does nothing has no phase.
graph.layer @nothing(%x: tensor<?x32xf32>, %tok: !graph.tokens, %kv: !kv.cache<1x16>, %i: index) -> tensor<?x32xf32> {
  graph.return %x : tensor<?x32xf32>
}

// CHECK-LABEL: tile.phase @forward.embed.m1
// CHECK-SAME:    inputs [] outputs [@buffer.residual]
// CHECK-LABEL: tile.phase @forward.norm.m1
// CHECK-SAME:    inputs [@buffer.residual] outputs [@buffer.forward.norm]
// CHECK-LABEL: tile.phase @forward.square.m1
// CHECK-LABEL: tile.phase @forward.logits.m1
// CHECK-SAME:    outputs [@buffer.forward.logits]
graph.func @forward(%tok: !graph.tokens, %kv: !kv.caches<7>) -> tensor<?x64xf32> {
  %t = graph.param @table : !graph.weight<64x32, f32>
  %n = graph.param @norm : !graph.weight<32, f32>
  %a = graph.param @square : !graph.weight<32x32, f32>
  %x = graph.embed %tok, %t : !graph.weight<64x32, f32>
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@reuse, 0, 2>, #graph.segment<@in_place, 2, 1>, #graph.segment<@nothing, 0, 1>, #graph.segment<@reuse, 2, 2>, #graph.segment<@in_place, 0, 1>] : tensor<?x32xf32>, !kv.caches<7>
  %m = graph.norm %y, %n {eps = 1.0e-5} : tensor<?x32xf32>, !graph.weight<32, f32>
  %p = graph.linear %m, %a : tensor<?x32xf32>, !graph.weight<32x32, f32>
  %q = graph.residual %m, %p : tensor<?x32xf32>
  %l = graph.logits %q, %t : tensor<?x32xf32>, !graph.weight<64x32, f32>
  graph.return %l : tensor<?x64xf32>
}

// CHECK-LABEL: tile.buffer @buffer.residual[tokens, 32]
// CHECK-NEXT:  tile.buffer @buffer.reuse.a[tokens, 32]
// CHECK-NEXT:  tile.buffer @buffer.reuse.a.2[tokens, 32]
// CHECK-NEXT:  tile.buffer @buffer.reuse.a.4[tokens, 32]
// CHECK-NEXT:  tile.buffer @buffer.reuse.b[tokens, 48]
// CHECK-NEXT:  tile.buffer @buffer.in_place.a[tokens, 32]
// CHECK-NEXT:  tile.buffer @buffer.forward.norm[tokens, 32]
// CHECK-NEXT:  tile.buffer @buffer.forward.square[tokens, 32]
// CHECK-NEXT:  tile.buffer @buffer.forward.logits[tokens, 64]
// CHECK-NOT:   tile.buffer

// Each segment repeats the phases of its layer, on caches in order and on its rows.
// CHECK-LABEL: tile.program @decode max_tokens 1 logits @buffer.forward.logits {
// CHECK-NEXT:    tile.run @forward.embed.m1
// CHECK-NEXT:    tile.repeat 2 layer 0 row 0 {
// CHECK-NEXT:      tile.run @reuse.a.m1
// CHECK-NEXT:      tile.run @reuse.a.2.m1
// CHECK-NEXT:      tile.run @reuse.a.3.m1
// CHECK-NEXT:      tile.run @reuse.a.4.m1
// CHECK-NEXT:      tile.run @reuse.b.m1
// CHECK-NEXT:      tile.run @reuse.c.m1
// CHECK-NEXT:    }
// CHECK-NEXT:    tile.repeat 1 layer 2 row 2 {
// CHECK-NEXT:      tile.run @in_place.a.m1
// CHECK-NEXT:      tile.run @in_place.a.2.m1
// CHECK-NEXT:    }
// CHECK-NEXT:    tile.repeat 1 layer 3 row 0 {
// CHECK-NEXT:    }
// CHECK-NEXT:    tile.repeat 2 layer 4 row 2 {
// CHECK-NEXT:      tile.run @reuse.a.m1
// CHECK-NEXT:      tile.run @reuse.a.2.m1
// CHECK-NEXT:      tile.run @reuse.a.3.m1
// CHECK-NEXT:      tile.run @reuse.a.4.m1
// CHECK-NEXT:      tile.run @reuse.b.m1
// CHECK-NEXT:      tile.run @reuse.c.m1
// CHECK-NEXT:    }
// CHECK-NEXT:    tile.repeat 1 layer 6 row 0 {
// CHECK-NEXT:      tile.run @in_place.a.m1
// CHECK-NEXT:      tile.run @in_place.a.2.m1
// CHECK-NEXT:    }
// CHECK-NEXT:    tile.run @forward.norm.m1
// CHECK-NEXT:    tile.run @forward.square.m1
// CHECK-NEXT:    tile.run @forward.logits.m1
// CHECK-NEXT:  }
// CHECK-NEXT:  tile.program @prefill max_tokens 512 multiple 48 logits @buffer.forward.logits {
// CHECK-NEXT:    tile.run @forward.embed.m6
// CHECK-NEXT:    tile.repeat 2 layer 0 row 0 {
// CHECK-NEXT:      tile.run @reuse.a.m6
}
