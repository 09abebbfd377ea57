//===- BatchOutput.cpp - answers to many prompts, in their order ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/BatchOutput.h"

using namespace frit;
using namespace frit::driver;

Status BatchOutput::decodeWith(const frit_model *model) {
  for (size_t index = 0; index < answers.size(); ++index) {
    frit_decoder *created = nullptr;
    if (frit_decoder_create(model, FRIT_SKIP_SPECIAL, &created) != FRIT_OK)
      return runtimeFailure();
    answers[index].decoder.reset(created);
    answers[index].text = "== " + std::to_string(index + 1) + "\n";
  }
  return {};
}

void BatchOutput::append(Answer &answer, llvm::StringRef text) {
  if (text.empty())
    return;
  answer.text += text;
  answer.lineBegins = text.back() == '\n';
}

bool BatchOutput::take(size_t prompt, int32_t id) {
  Answer &answer = answers[prompt];
  if (!answer.decoder) {
    append(answer, (answer.begun ? "," : "") + std::to_string(id));
  } else {
    const char *text = nullptr;
    size_t bytes = 0;
    if (frit_decoder_push(answer.decoder.get(), id, &text, &bytes) != FRIT_OK)
      return false;
    append(answer, {text, bytes});
  }
  answer.begun = true;
  return print();
}

void BatchOutput::finish(Answer &answer) {
  const char *text = nullptr;
  size_t bytes = 0;
  if (answer.decoder && frit_decoder_finish(answer.decoder.get(), &text, &bytes) == FRIT_OK)
    append(answer, {text, bytes});
  // Ids are a line even if there are none.
  if (!answer.lineBegins || !answer.decoder)
    append(answer, "\n");
  answer.begun = answer.ended = true;
}

bool BatchOutput::end(size_t prompt) {
  finish(answers[prompt]);
  return print();
}

bool BatchOutput::endAll() {
  for (Answer &answer : answers)
    if (answer.begun && !answer.ended)
      finish(answer);
  return print();
}

bool BatchOutput::print() {
  for (; current < answers.size() && answers[current].begun; ++current) {
    Answer &answer = answers[current];
    if (!output.write(answer.text))
      return false;
    answer.text.clear();
    if (!answer.ended)
      break;
  }
  return true;
}
