// RUN: %frit-opt %s --pass-pipeline="builtin.module(frit-form-phases{fusion=planned tokens=1})" --remarks-filter=fuse --verify-diagnostics -o /dev/null
// Every edge says what became of it and why, in the order of the ops; what crosses the border of a function never is fused.
module attributes {machine.target = #machine.target<"server", triple = "riscv64-unknown-linux-gnu", cpu = "generic-rv64",
    features = ["v"], cores = 16, vector_bytes = 32, vector_registers = 32, f32_ops_per_second = 5.0e+10 per core,
    barrier_seconds = 2.0e-07, instructions = [<"vpmaddubsw.256", 1, 8, 4, i8, ui8, i32, 2.0e+11 per core>],
    memories = [<"registers", 1024 per core>, <"l2", 1048576 per core>, <"l3", 33554432 per machine>, <"dram" per machine>],
    datapaths = [<"l2" to "registers", 1.0e+11 per core>, <"registers" to "l2", 1.0e+11 per core>,
                 <"l3" to "registers", 2.5e+10 per core>, <"registers" to "l3", 2.5e+10 per core>,
                 <"dram" to "l3", 4.0e+10 per machine>, <"l3" to "dram", 4.0e+10 per machine>]>} {

graph.file @f0 "model.gguf"
graph.weight @table : !graph.weight<64x576, q8_0> at @f0, 0
graph.weights @block [2] {
  graph.column @norm : !graph.weight<576, f32> at [@f0], [0, 2304]
  graph.column @w : !graph.weight<576x576, q4_1> at [@f0], [0, 1048576]
}

// expected-remark @+3 {{[Missed] Edge | Category:fuse | consumer=norm, decision=stored, producer=input, tokens=1, why="phases end where functions do"}}
// expected-remark @+2 {{[Missed] Edge | Category:fuse | consumer=residual, decision=stored, producer=input, tokens=1, why="phases end where functions do"}}
// expected-remark @+1 {{[Missed] Edge | Category:fuse | consumer=output, decision=stored, producer=residual, tokens=1, why="phases end where functions do"}}
graph.layer @layer(%x: tensor<?x576xf32>, %tok: !graph.tokens, %kv: !kv.cache<3x64, k = <f16>, v = <f16>>, %i: index) -> tensor<?x576xf32> {
  %wn = graph.param @block::@norm[%i] : !graph.weight<576, f32>
  %w = graph.param @block::@w[%i] : !graph.weight<576x576, q4_1>
  %n = graph.norm %x, %wn {eps = 1.0e-5} : tensor<?x576xf32>, !graph.weight<576, f32>
  // expected-remark @+1 {{[Passed] Edge | Category:fuse | bytes_saved=4608, consumer=quantize, decision=recomputed, flip="stored with l2 of 4592 bytes or less instead of 1048576", producer=norm, seconds=3.843200e-07, seconds_high=3.843200e-07, seconds_low=3.843200e-07, tokens=1, why="stays in l2"}}
  %q = graph.quantize %n by 32 : tensor<?x576xf32>
  // expected-remark @+2 {{[Passed] Edge | Category:fuse | bytes_saved=1296, consumer=w, decision=recomputed, flip="stored with tokens of 12 or more instead of 1", producer=quantize, seconds=2.921600e-07, seconds_high=2.921600e-07, seconds_low=2.921600e-07, tokens=1, why="stays in l2"}}
  // expected-remark @+1 {{[Passed] Phase | Category:fuse | anchors=1, epilogue=1, phase=layer.w, prologue=2}}
  %o = graph.linear %q, %w : !graph.qtensor<?x576, block = 32>, !graph.weight<576x576, q4_1>
  // expected-remark @+1 {{[Passed] Edge | Category:fuse | bytes_saved=4608, consumer=quantize.2, decision=epilogue, producer=w, seconds=2.921600e-07, seconds_high=2.921600e-07, seconds_low=2.921600e-07, tokens=1, why="stays in l2"}}
  %oq = graph.quantize %o by 32 : tensor<?x576xf32>
  // expected-remark @+2 {{[Missed] Edge | Category:fuse | consumer=w.2, decision=stored, producer=quantize.2, tokens=1, why="whoever reads quantize.2 computes it again"}}
  // expected-remark @+1 {{[Passed] Phase | Category:fuse | anchors=1, epilogue=1, phase=layer.w.2, prologue=0}}
  %p = graph.linear %oq, %w : !graph.qtensor<?x576, block = 32>, !graph.weight<576x576, q4_1>
  // expected-remark @+1 {{[Passed] Edge | Category:fuse | bytes_saved=4608, consumer=residual, decision=epilogue, producer=w.2, seconds=3.843200e-07, seconds_high=3.843200e-07, seconds_low=3.843200e-07, tokens=1, why="stays in l2"}}
  %y = graph.residual %x, %p : tensor<?x576xf32>
  graph.return %y : tensor<?x576xf32>
}
// expected-remark @+3 {{[Missed] Edge | Category:fuse | consumer=repeat, decision=stored, producer=table, tokens=1, why="phases end where functions do"}}
// expected-remark @+2 {{[Missed] Edge | Category:fuse | consumer=select, decision=stored, producer=repeat, tokens=1, why="phases end where functions do"}}
// expected-remark @+1 {{[Missed] Edge | Category:fuse | consumer=output, decision=stored, producer=table.2, tokens=1, why="phases end where functions do"}}
graph.func @forward(%tok: !graph.tokens, %kv: !kv.caches<2>) -> tensor<?x64xf32> {
  %t = graph.param @table : !graph.weight<64x576, q8_0>
  // expected-remark @+1 {{[Passed] Phase | Category:fuse | anchors=1, epilogue=0, phase=forward.embed, prologue=0}}
  %x = graph.embed %tok, %t : !graph.weight<64x576, q8_0>
  %y = graph.repeat %x, %tok, %kv [#graph.segment<@layer, 0, 2>] : tensor<?x576xf32>, !kv.caches<2>
  %s = graph.select %y, %tok : tensor<?x576xf32>
  // expected-remark @+1 {{[Passed] Edge | Category:fuse | bytes_saved=4608, consumer=quantize, decision=recomputed, flip="stored with l2 of 4592 bytes or less instead of 1048576", producer=select, seconds=2.921600e-07, seconds_high=2.921600e-07, seconds_low=2.921600e-07, tokens=1, why="stays in l2"}}
  %q = graph.quantize %s by 32 : tensor<?x576xf32>
  // expected-remark @+2 {{[Passed] Edge | Category:fuse | bytes_saved=1296, consumer=table.2, decision=recomputed, flip="stored with l2 of 1292 bytes or less instead of 1048576", producer=quantize, seconds=2.921600e-07, seconds_high=2.921600e-07, seconds_low=2.921600e-07, tokens=1, why="stays in l2"}}
  // expected-remark @+1 {{[Passed] Phase | Category:fuse | anchors=1, epilogue=0, phase=forward.logits, prologue=2}}
  %l = graph.logits %q, %t : !graph.qtensor<?x576, block = 32>, !graph.weight<64x576, q8_0>
  graph.return %l : tensor<?x64xf32>
}
}
