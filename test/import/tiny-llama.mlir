// From a model file to the graph dialect, and through text.
// RUN: %python %S/make_tiny_gguf.py %t.gguf
// RUN: frit-translate --import-gguf %t.gguf > %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: %frit-opt %t.mlir | FileCheck %s

// The offsets are those the gguf package 0.19 reads from the same file.
// CHECK:      module attributes {frit.arch = "llama", frit.context_length = 128 : i64,
// CHECK-SAME:     frit.hidden = 64 : i64, frit.layers = 2 : i64, frit.model = "tiny",
// CHECK-SAME:     frit.tokenizer = "gpt2 smollm", frit.vocabulary = 288 : i64} {
// CHECK-NEXT: graph.file @f0 "{{.*}}tiny-llama.mlir.tmp.gguf"
// CHECK-NEXT: graph.weight @token_embd : !graph.weight<288x64, q8_0> at @f0, 6592
// CHECK-NEXT: graph.weight @output_norm : !graph.weight<64, f32> at @f0, 26176
// CHECK-NEXT: graph.weights @block[2] {
// CHECK-NEXT:   graph.column @attn_norm : !graph.weight<64, f32> at [@f0], [26432, 59584]
// CHECK-NEXT:   graph.column @attn_q : !graph.weight<64x64, q8_0> at [@f0], [26688, 59840]
// CHECK-NEXT:   graph.column @attn_k : !graph.weight<32x64, q8_0> at [@f0], [31040, 64192]
// CHECK-NEXT:   graph.column @attn_v : !graph.weight<32x64, q8_0> at [@f0], [33216, 66368]
// CHECK-NEXT:   graph.column @attn_output : !graph.weight<64x64, q8_0> at [@f0], [35392, 68544]
// CHECK-NEXT:   graph.column @ffn_norm : !graph.weight<64, f32> at [@f0], [39744, 72896]
// CHECK-NEXT:   graph.column @ffn_gate : !graph.weight<96x64, q8_0> at [@f0], [40000, 73152]
// CHECK-NEXT:   graph.column @ffn_up : !graph.weight<96x64, q8_0> at [@f0], [46528, 79680]
// CHECK-NEXT:   graph.column @ffn_down : !graph.weight<64x96, q8_0> at [@f0], [53056, 86208]
// CHECK-NEXT: }

// CHECK-NEXT: graph.layer @decoder(
// CHECK-SAME:     [[X:%.*]]: tensor<?x64xf32>, [[TOK:%.*]]: !graph.tokens,
// CHECK-SAME:     [[KV:%.*]]: !kv.cache<2x16>, [[I:%.*]]: index) -> tensor<?x64xf32> {
// CHECK-NEXT: [[WNORM:%.*]] = graph.param @block::@attn_norm[[[I]]]
// CHECK-NEXT: [[WQ:%.*]] = graph.param @block::@attn_q[[[I]]]
// CHECK-NEXT: [[WK:%.*]] = graph.param @block::@attn_k[[[I]]]
// CHECK-NEXT: [[WV:%.*]] = graph.param @block::@attn_v[[[I]]]
// CHECK-NEXT: [[WO:%.*]] = graph.param @block::@attn_output[[[I]]]
// CHECK-NEXT: [[WFNORM:%.*]] = graph.param @block::@ffn_norm[[[I]]]
// CHECK-NEXT: [[WG:%.*]] = graph.param @block::@ffn_gate[[[I]]]
// CHECK-NEXT: [[WU:%.*]] = graph.param @block::@ffn_up[[[I]]]
// CHECK-NEXT: [[WD:%.*]] = graph.param @block::@ffn_down[[[I]]]
// CHECK-NEXT: [[N:%.*]] = graph.norm [[X]], [[WNORM]] {eps = 1.000000e-05 : f64}
// CHECK-NEXT: [[Q:%.*]] = graph.linear [[N]], [[WQ]]
// CHECK-NEXT: [[K:%.*]] = graph.linear [[N]], [[WK]]
// CHECK-NEXT: [[V:%.*]] = graph.linear [[N]], [[WV]]
// CHECK-NEXT: [[QR:%.*]] = graph.rope [[Q]], [[TOK]] interleaved
// CHECK-SAME:     {dim = 16 : i64, head_dim = 16 : i64, theta = 1.000000e+04 : f64}
// CHECK-NEXT: [[KR:%.*]] = graph.rope [[K]], [[TOK]] interleaved
// CHECK-SAME:     {dim = 16 : i64, head_dim = 16 : i64, theta = 1.000000e+04 : f64}
// CHECK-NEXT: kv.append [[KV]], [[KR]], [[V]], [[TOK]]
// CHECK-NEXT: [[A:%.*]] = graph.attention [[QR]] cache [[KV]], [[TOK]] heads 4 over 2
// CHECK-SAME:     {mask = #graph.mask<causal>, scale = 2.500000e-01 : f64}
// CHECK-NEXT: [[O:%.*]] = graph.linear [[A]], [[WO]]
// CHECK-NEXT: [[H:%.*]] = graph.residual [[X]], [[O]]
// CHECK-NEXT: [[M:%.*]] = graph.norm [[H]], [[WFNORM]] {eps = 1.000000e-05 : f64}
// CHECK-NEXT: [[G:%.*]] = graph.linear [[M]], [[WG]]
// CHECK-NEXT: [[U:%.*]] = graph.linear [[M]], [[WU]]
// CHECK-NEXT: [[F:%.*]] = graph.glu [[G]], [[U]] silu
// CHECK-NEXT: [[D:%.*]] = graph.linear [[F]], [[WD]]
// CHECK-NEXT: [[Y:%.*]] = graph.residual [[H]], [[D]]
// CHECK-NEXT: graph.return [[Y]]

// CHECK:      graph.func @forward(
// CHECK-SAME:     [[TOK:%.*]]: !graph.tokens, [[KV:%.*]]: !kv.caches<2>) -> tensor<?x288xf32> {
// CHECK-NEXT: [[EMBD:%.*]] = graph.param @token_embd
// CHECK-NEXT: [[WNORM:%.*]] = graph.param @output_norm
// CHECK-NEXT: [[E:%.*]] = graph.embed [[TOK]], [[EMBD]]
// CHECK-NEXT: [[Y:%.*]] = graph.repeat [[E]], [[TOK]], [[KV]] [#graph.segment<@decoder, 0, 2>]
// CHECK-NEXT: [[S:%.*]] = graph.select [[Y]], [[TOK]]
// CHECK-NEXT: [[N:%.*]] = graph.norm [[S]], [[WNORM]] {eps = 1.000000e-05 : f64}
// CHECK-NEXT: [[L:%.*]] = graph.logits [[N]], [[EMBD]]
// CHECK-NEXT: graph.return [[L]]
