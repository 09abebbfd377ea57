/*===- example.c - a complete program on the C interface ------------------===*\
|*
|* Part of frit, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*
|*
|* Answers a question: example MODEL.frit QUESTION [TOKENS]
|*
|* C99, linked with -lfrit-runtime and nothing else. The answer goes to stdout while it is made, the
|* ids of its tokens and the timings to stderr.
|*
\*===----------------------------------------------------------------------===*/

#include "frit/Runtime/Runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program unless a call was successful. */
static void check(frit_status status) {
  if (status != FRIT_OK) {
    fprintf(stderr, "error: %s\n", frit_last_error());
    exit(1);
  }
}

/* The question as a conversation, encoded. The caller frees the ids. */
static int32_t *encodeQuestion(const frit_model *model, const char *question, size_t *count) {
  frit_chat_message message;
  char *text;
  int32_t *ids;
  size_t bytes = 0;
  message.role = "user";
  message.content = question;

  /* Ask for the size, then for the text. */
  if (frit_chat(model, &message, 1, 1, NULL, 0, &bytes) != FRIT_BUFFER_TOO_SMALL)
    check(FRIT_ERROR);
  text = malloc(bytes);
  check(frit_chat(model, &message, 1, 1, text, bytes, &bytes));

  /* No token is shorter than a byte. */
  ids = malloc(bytes * sizeof(*ids));
  check(frit_encode(model, text, bytes, FRIT_PARSE_SPECIAL, ids, bytes, count));
  free(text);
  return ids;
}

int main(int argc, char **argv) {
  frit_model *model;
  frit_session *session;
  frit_sampler *sampler;
  frit_decoder *decoder;
  frit_session_options options = {sizeof(options), 0, 0, 0};
  frit_timings timings = {sizeof(timings), 0, 0, 0, 0, 0};
  const char *text;
  size_t promptCount, i, tokens = 64;
  int32_t *prompt, id;
  int end;

  if (argc < 3) {
    fprintf(stderr, "usage: %s MODEL.frit QUESTION [TOKENS]\n", argv[0]);
    return 2;
  }
  if (argc > 3)
    tokens = (size_t)strtoul(argv[3], NULL, 10);

  check(frit_model_open(argv[1], NULL, &model));
  prompt = encodeQuestion(model, argv[2], &promptCount);
  options.context = (int64_t)(promptCount + tokens);
  check(frit_session_create(model, &options, &session));
  check(frit_sampler_create(NULL, &sampler)); /* greedy */
  check(frit_decoder_create(model, FRIT_SKIP_SPECIAL, &decoder));

  check(frit_eval(session, 0, prompt, promptCount, FRIT_LOGITS_LAST));
  for (i = 0; i < tokens; ++i) {
    check(frit_sample(sampler, session, -1, &id));
    fprintf(stderr, "%d ", (int)id);
    check(frit_is_end(model, id, &end));
    if (end)
      break;
    check(frit_decoder_push(decoder, id, &text, NULL));
    fputs(text, stdout);
    fflush(stdout);
    check(frit_eval(session, 0, &id, 1, FRIT_LOGITS_LAST));
  }
  check(frit_decoder_finish(decoder, &text, NULL));
  puts(text);

  check(frit_get_timings(session, &timings));
  fprintf(stderr, "\nload %.3f s, %ld tokens of prompt in %.3f s, %ld generated in %.3f s\n",
          timings.load_seconds, (long)timings.prefill_tokens, timings.prefill_seconds,
          (long)timings.decode_tokens, timings.decode_seconds);
  free(prompt);
  frit_decoder_free(decoder);
  frit_sampler_free(sampler);
  frit_session_free(session);
  frit_model_close(model);
  return 0;
}
