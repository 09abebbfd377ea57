// A model that no record describes and no exporter wrote: every layer is written out, and of two kinds that take turns.
// test/tools/frit/unplanned.py writes its weights and computes what it must give.
module attributes {frit.arch = "unplanned", frit.context_length = 64 : i64, frit.hidden = 48 : i64, frit.layers = 4 : i64, frit.model = "unplanned", frit.phase = "import", frit.vocabulary = 288 : i64} {
  graph.file @tokenizer "tokenizer.gguf"
  graph.file @f0 "unplanned.bin"
  graph.weight @wte : !graph.weight<288x48, f32> at @f0, 0
  graph.weight @wte_norm : !graph.weight<48, f32> at @f0, 55296
  graph.weight @h.0.ln.weight : !graph.weight<48, f32> at @f0, 55488
  graph.weight @h.0.ln.bias : !graph.weight<48, f32> at @f0, 55680
  graph.weight @h.0.q : !graph.weight<48x48, f32> at @f0, 55872
  graph.weight @h.0.k : !graph.weight<16x48, f32> at @f0, 65088
  graph.weight @h.0.v : !graph.weight<16x48, f32> at @f0, 68160
  graph.weight @h.0.sub_norm : !graph.weight<48, f32> at @f0, 71232
  graph.weight @h.0.o : !graph.weight<48x48, f32> at @f0, 71424
  graph.weight @h.0.fc_in : !graph.weight<80x48, f32> at @f0, 80640
  graph.weight @h.0.fc_in.bias : !graph.weight<80, f32> at @f0, 96000
  graph.weight @h.0.fc_out : !graph.weight<48x80, f32> at @f0, 96320
  graph.weight @h.0.fc_out.bias : !graph.weight<48, f32> at @f0, 111680
  graph.weight @h.1.q : !graph.weight<48x48, f32> at @f0, 111872
  graph.weight @h.1.k : !graph.weight<16x48, f32> at @f0, 121088
  graph.weight @h.1.v : !graph.weight<16x48, f32> at @f0, 124160
  graph.weight @h.1.q_norm : !graph.weight<16, f32> at @f0, 127232
  graph.weight @h.1.k_norm : !graph.weight<16, f32> at @f0, 127296
  graph.weight @h.1.o : !graph.weight<48x48, f32> at @f0, 127360
  graph.weight @h.1.post_attention : !graph.weight<48, f32> at @f0, 136576
  graph.weight @h.1.gate : !graph.weight<80x48, f32> at @f0, 136768
  graph.weight @h.1.up : !graph.weight<80x48, f32> at @f0, 152128
  graph.weight @h.1.down : !graph.weight<48x80, f32> at @f0, 167488
  graph.weight @h.1.post_ffn : !graph.weight<48, f32> at @f0, 182848
  graph.weight @h.2.ln.weight : !graph.weight<48, f32> at @f0, 183040
  graph.weight @h.2.ln.bias : !graph.weight<48, f32> at @f0, 183232
  graph.weight @h.2.q : !graph.weight<48x48, f32> at @f0, 183424
  graph.weight @h.2.k : !graph.weight<16x48, f32> at @f0, 192640
  graph.weight @h.2.v : !graph.weight<16x48, f32> at @f0, 195712
  graph.weight @h.2.sub_norm : !graph.weight<48, f32> at @f0, 198784
  graph.weight @h.2.o : !graph.weight<48x48, f32> at @f0, 198976
  graph.weight @h.2.fc_in : !graph.weight<80x48, f32> at @f0, 208192
  graph.weight @h.2.fc_in.bias : !graph.weight<80, f32> at @f0, 223552
  graph.weight @h.2.fc_out : !graph.weight<48x80, f32> at @f0, 223872
  graph.weight @h.2.fc_out.bias : !graph.weight<48, f32> at @f0, 239232
  graph.weight @h.3.q : !graph.weight<48x48, f32> at @f0, 239424
  graph.weight @h.3.k : !graph.weight<16x48, f32> at @f0, 248640
  graph.weight @h.3.v : !graph.weight<16x48, f32> at @f0, 251712
  graph.weight @h.3.q_norm : !graph.weight<16, f32> at @f0, 254784
  graph.weight @h.3.k_norm : !graph.weight<16, f32> at @f0, 254848
  graph.weight @h.3.o : !graph.weight<48x48, f32> at @f0, 254912
  graph.weight @h.3.post_attention : !graph.weight<48, f32> at @f0, 264128
  graph.weight @h.3.gate : !graph.weight<80x48, f32> at @f0, 264320
  graph.weight @h.3.up : !graph.weight<80x48, f32> at @f0, 279680
  graph.weight @h.3.down : !graph.weight<48x80, f32> at @f0, 295040
  graph.weight @h.3.post_ffn : !graph.weight<48, f32> at @f0, 310400
  graph.weight @head : !graph.weight<288x48, f32> at @f0, 310592

  graph.func @forward(%tok: !graph.tokens, %kv: !kv.caches<4>) -> tensor<?x288xf32> {
    %wte = graph.param @wte : !graph.weight<288x48, f32>
    %e = graph.embed %tok, %wte {scale = 2.0} : !graph.weight<288x48, f32>
    // An extra norm, behind the embedding.
    %wte_norm = graph.param @wte_norm : !graph.weight<48, f32>
    %x0 = graph.norm %e, %wte_norm {eps = 1.0e-5} : tensor<?x48xf32>, !graph.weight<48, f32>

    // Layer 0: attention and an FFN without a gate beside it, and a norm between attention and its product.
    %kv0 = kv.layer %kv[0] : !kv.caches<4> -> !kv.cache<1x16>
    %h_0_ln_weight = graph.param @h.0.ln.weight : !graph.weight<48, f32>
    %h_0_ln_bias = graph.param @h.0.ln.bias : !graph.weight<48, f32>
    %n0 = graph.norm %x0, %h_0_ln_weight bias %h_0_ln_bias {eps = 1.0e-5, kind = #graph.norm_kind<layer>} : tensor<?x48xf32>, !graph.weight<48, f32>, !graph.weight<48, f32>
    %h_0_q = graph.param @h.0.q : !graph.weight<48x48, f32>
    %q0 = graph.linear %n0, %h_0_q : tensor<?x48xf32>, !graph.weight<48x48, f32>
    %h_0_k = graph.param @h.0.k : !graph.weight<16x48, f32>
    %k0 = graph.linear %n0, %h_0_k : tensor<?x48xf32>, !graph.weight<16x48, f32>
    %h_0_v = graph.param @h.0.v : !graph.weight<16x48, f32>
    %v0 = graph.linear %n0, %h_0_v : tensor<?x48xf32>, !graph.weight<16x48, f32>
    %qr0 = graph.rope %q0, %tok interleaved {head_dim = 16, dim = 8, theta = 1.0e4} : tensor<?x48xf32>
    %kr0 = graph.rope %k0, %tok interleaved {head_dim = 16, dim = 8, theta = 1.0e4} : tensor<?x16xf32>
    kv.append %kv0, %kr0, %v0, %tok : !kv.cache<1x16>, tensor<?x16xf32>, tensor<?x16xf32>, !graph.tokens
    %a0 = graph.attention %qr0 cache %kv0, %tok heads 3 over 1 {scale = 0.25, mask = #graph.mask<causal>} : tensor<?x48xf32>, !kv.cache<1x16>, !graph.tokens
    %h_0_sub_norm = graph.param @h.0.sub_norm : !graph.weight<48, f32>
    %s0 = graph.norm %a0, %h_0_sub_norm {eps = 1.0e-5} : tensor<?x48xf32>, !graph.weight<48, f32>
    %h_0_o = graph.param @h.0.o : !graph.weight<48x48, f32>
    %o0 = graph.linear %s0, %h_0_o : tensor<?x48xf32>, !graph.weight<48x48, f32>
    %h_0_fc_in = graph.param @h.0.fc_in : !graph.weight<80x48, f32>
    %h_0_fc_in_bias = graph.param @h.0.fc_in.bias : !graph.weight<80, f32>
    %f0 = graph.linear %n0, %h_0_fc_in bias %h_0_fc_in_bias : tensor<?x48xf32>, !graph.weight<80x48, f32>, !graph.weight<80, f32>
    %g0 = graph.activation %f0 gelu_tanh : tensor<?x80xf32>
    %h_0_fc_out = graph.param @h.0.fc_out : !graph.weight<48x80, f32>
    %h_0_fc_out_bias = graph.param @h.0.fc_out.bias : !graph.weight<48, f32>
    %d0 = graph.linear %g0, %h_0_fc_out bias %h_0_fc_out_bias : tensor<?x80xf32>, !graph.weight<48x80, f32>, !graph.weight<48, f32>
    %y0 = graph.residual %x0, %o0 : tensor<?x48xf32>
    %x1 = graph.residual %y0, %d0 : tensor<?x48xf32>

    // Layer 1: norms behind the residuals, norms of heads, a window.
    %kv1 = kv.layer %kv[1] : !kv.caches<4> -> !kv.cache<1x16, window = 5>
    %h_1_q = graph.param @h.1.q : !graph.weight<48x48, f32>
    %q1 = graph.linear %x1, %h_1_q : tensor<?x48xf32>, !graph.weight<48x48, f32>
    %h_1_k = graph.param @h.1.k : !graph.weight<16x48, f32>
    %k1 = graph.linear %x1, %h_1_k : tensor<?x48xf32>, !graph.weight<16x48, f32>
    %h_1_v = graph.param @h.1.v : !graph.weight<16x48, f32>
    %v1 = graph.linear %x1, %h_1_v : tensor<?x48xf32>, !graph.weight<16x48, f32>
    %h_1_q_norm = graph.param @h.1.q_norm : !graph.weight<16, f32>
    %qn1 = graph.norm %q1, %h_1_q_norm {eps = 1.0e-6, group = 16 : i64} : tensor<?x48xf32>, !graph.weight<16, f32>
    %h_1_k_norm = graph.param @h.1.k_norm : !graph.weight<16, f32>
    %kn1 = graph.norm %k1, %h_1_k_norm {eps = 1.0e-6, group = 16 : i64} : tensor<?x16xf32>, !graph.weight<16, f32>
    %qr1 = graph.rope %qn1, %tok halves {head_dim = 16, dim = 16, theta = 1.0e4} : tensor<?x48xf32>
    %kr1 = graph.rope %kn1, %tok halves {head_dim = 16, dim = 16, theta = 1.0e4} : tensor<?x16xf32>
    kv.append %kv1, %kr1, %v1, %tok : !kv.cache<1x16, window = 5>, tensor<?x16xf32>, tensor<?x16xf32>, !graph.tokens
    %a1 = graph.attention %qr1 cache %kv1, %tok heads 3 over 1 {scale = 0.25, mask = #graph.mask<causal>, window = 5 : i64} : tensor<?x48xf32>, !kv.cache<1x16, window = 5>, !graph.tokens
    %h_1_o = graph.param @h.1.o : !graph.weight<48x48, f32>
    %o1 = graph.linear %a1, %h_1_o : tensor<?x48xf32>, !graph.weight<48x48, f32>
    %y1 = graph.residual %x1, %o1 : tensor<?x48xf32>
    %h_1_post_attention = graph.param @h.1.post_attention : !graph.weight<48, f32>
    %z1 = graph.norm %y1, %h_1_post_attention {eps = 1.0e-5} : tensor<?x48xf32>, !graph.weight<48, f32>
    %h_1_gate = graph.param @h.1.gate : !graph.weight<80x48, f32>
    %g1 = graph.linear %z1, %h_1_gate : tensor<?x48xf32>, !graph.weight<80x48, f32>
    %h_1_up = graph.param @h.1.up : !graph.weight<80x48, f32>
    %u1 = graph.linear %z1, %h_1_up : tensor<?x48xf32>, !graph.weight<80x48, f32>
    %f1 = graph.glu %g1, %u1 relu : tensor<?x80xf32>
    %h_1_down = graph.param @h.1.down : !graph.weight<48x80, f32>
    %d1 = graph.linear %f1, %h_1_down : tensor<?x80xf32>, !graph.weight<48x80, f32>
    %t1 = graph.residual %z1, %d1 : tensor<?x48xf32>
    %h_1_post_ffn = graph.param @h.1.post_ffn : !graph.weight<48, f32>
    %x2 = graph.norm %t1, %h_1_post_ffn {eps = 1.0e-5} : tensor<?x48xf32>, !graph.weight<48, f32>

    // Layer 2: attention and an FFN without a gate beside it, and a norm between attention and its product.
    %kv2 = kv.layer %kv[2] : !kv.caches<4> -> !kv.cache<1x16>
    %h_2_ln_weight = graph.param @h.2.ln.weight : !graph.weight<48, f32>
    %h_2_ln_bias = graph.param @h.2.ln.bias : !graph.weight<48, f32>
    %n2 = graph.norm %x2, %h_2_ln_weight bias %h_2_ln_bias {eps = 1.0e-5, kind = #graph.norm_kind<layer>} : tensor<?x48xf32>, !graph.weight<48, f32>, !graph.weight<48, f32>
    %h_2_q = graph.param @h.2.q : !graph.weight<48x48, f32>
    %q2 = graph.linear %n2, %h_2_q : tensor<?x48xf32>, !graph.weight<48x48, f32>
    %h_2_k = graph.param @h.2.k : !graph.weight<16x48, f32>
    %k2 = graph.linear %n2, %h_2_k : tensor<?x48xf32>, !graph.weight<16x48, f32>
    %h_2_v = graph.param @h.2.v : !graph.weight<16x48, f32>
    %v2 = graph.linear %n2, %h_2_v : tensor<?x48xf32>, !graph.weight<16x48, f32>
    %qr2 = graph.rope %q2, %tok interleaved {head_dim = 16, dim = 8, theta = 1.0e4} : tensor<?x48xf32>
    %kr2 = graph.rope %k2, %tok interleaved {head_dim = 16, dim = 8, theta = 1.0e4} : tensor<?x16xf32>
    kv.append %kv2, %kr2, %v2, %tok : !kv.cache<1x16>, tensor<?x16xf32>, tensor<?x16xf32>, !graph.tokens
    %a2 = graph.attention %qr2 cache %kv2, %tok heads 3 over 1 {scale = 0.25, mask = #graph.mask<causal>} : tensor<?x48xf32>, !kv.cache<1x16>, !graph.tokens
    %h_2_sub_norm = graph.param @h.2.sub_norm : !graph.weight<48, f32>
    %s2 = graph.norm %a2, %h_2_sub_norm {eps = 1.0e-5} : tensor<?x48xf32>, !graph.weight<48, f32>
    %h_2_o = graph.param @h.2.o : !graph.weight<48x48, f32>
    %o2 = graph.linear %s2, %h_2_o : tensor<?x48xf32>, !graph.weight<48x48, f32>
    %h_2_fc_in = graph.param @h.2.fc_in : !graph.weight<80x48, f32>
    %h_2_fc_in_bias = graph.param @h.2.fc_in.bias : !graph.weight<80, f32>
    %f2 = graph.linear %n2, %h_2_fc_in bias %h_2_fc_in_bias : tensor<?x48xf32>, !graph.weight<80x48, f32>, !graph.weight<80, f32>
    %g2 = graph.activation %f2 gelu_tanh : tensor<?x80xf32>
    %h_2_fc_out = graph.param @h.2.fc_out : !graph.weight<48x80, f32>
    %h_2_fc_out_bias = graph.param @h.2.fc_out.bias : !graph.weight<48, f32>
    %d2 = graph.linear %g2, %h_2_fc_out bias %h_2_fc_out_bias : tensor<?x80xf32>, !graph.weight<48x80, f32>, !graph.weight<48, f32>
    %y2 = graph.residual %x2, %o2 : tensor<?x48xf32>
    %x3 = graph.residual %y2, %d2 : tensor<?x48xf32>

    // Layer 3: norms behind the residuals, norms of heads, a window.
    %kv3 = kv.layer %kv[3] : !kv.caches<4> -> !kv.cache<1x16, window = 5>
    %h_3_q = graph.param @h.3.q : !graph.weight<48x48, f32>
    %q3 = graph.linear %x3, %h_3_q : tensor<?x48xf32>, !graph.weight<48x48, f32>
    %h_3_k = graph.param @h.3.k : !graph.weight<16x48, f32>
    %k3 = graph.linear %x3, %h_3_k : tensor<?x48xf32>, !graph.weight<16x48, f32>
    %h_3_v = graph.param @h.3.v : !graph.weight<16x48, f32>
    %v3 = graph.linear %x3, %h_3_v : tensor<?x48xf32>, !graph.weight<16x48, f32>
    %h_3_q_norm = graph.param @h.3.q_norm : !graph.weight<16, f32>
    %qn3 = graph.norm %q3, %h_3_q_norm {eps = 1.0e-6, group = 16 : i64} : tensor<?x48xf32>, !graph.weight<16, f32>
    %h_3_k_norm = graph.param @h.3.k_norm : !graph.weight<16, f32>
    %kn3 = graph.norm %k3, %h_3_k_norm {eps = 1.0e-6, group = 16 : i64} : tensor<?x16xf32>, !graph.weight<16, f32>
    %qr3 = graph.rope %qn3, %tok halves {head_dim = 16, dim = 16, theta = 1.0e4} : tensor<?x48xf32>
    %kr3 = graph.rope %kn3, %tok halves {head_dim = 16, dim = 16, theta = 1.0e4} : tensor<?x16xf32>
    kv.append %kv3, %kr3, %v3, %tok : !kv.cache<1x16, window = 5>, tensor<?x16xf32>, tensor<?x16xf32>, !graph.tokens
    %a3 = graph.attention %qr3 cache %kv3, %tok heads 3 over 1 {scale = 0.25, mask = #graph.mask<causal>, window = 5 : i64} : tensor<?x48xf32>, !kv.cache<1x16, window = 5>, !graph.tokens
    %h_3_o = graph.param @h.3.o : !graph.weight<48x48, f32>
    %o3 = graph.linear %a3, %h_3_o : tensor<?x48xf32>, !graph.weight<48x48, f32>
    %y3 = graph.residual %x3, %o3 : tensor<?x48xf32>
    %h_3_post_attention = graph.param @h.3.post_attention : !graph.weight<48, f32>
    %z3 = graph.norm %y3, %h_3_post_attention {eps = 1.0e-5} : tensor<?x48xf32>, !graph.weight<48, f32>
    %h_3_gate = graph.param @h.3.gate : !graph.weight<80x48, f32>
    %g3 = graph.linear %z3, %h_3_gate : tensor<?x48xf32>, !graph.weight<80x48, f32>
    %h_3_up = graph.param @h.3.up : !graph.weight<80x48, f32>
    %u3 = graph.linear %z3, %h_3_up : tensor<?x48xf32>, !graph.weight<80x48, f32>
    %f3 = graph.glu %g3, %u3 relu : tensor<?x80xf32>
    %h_3_down = graph.param @h.3.down : !graph.weight<48x80, f32>
    %d3 = graph.linear %f3, %h_3_down : tensor<?x80xf32>, !graph.weight<48x80, f32>
    %t3 = graph.residual %z3, %d3 : tensor<?x48xf32>
    %h_3_post_ffn = graph.param @h.3.post_ffn : !graph.weight<48, f32>
    %x4 = graph.norm %t3, %h_3_post_ffn {eps = 1.0e-5} : tensor<?x48xf32>, !graph.weight<48, f32>

    %last = graph.select %x4, %tok : tensor<?x48xf32>
    %head = graph.param @head : !graph.weight<288x48, f32>
    %l = graph.logits %last, %head : tensor<?x48xf32>, !graph.weight<288x48, f32>
    graph.return %l : tensor<?x288xf32>
  }
}
