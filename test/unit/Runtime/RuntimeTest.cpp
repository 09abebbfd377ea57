//===- RuntimeTest.cpp - the C interface ----------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the functions do is tested with the classes behind them; here, that they are reached, and
// how wrong use of the interface ends.
//
//===----------------------------------------------------------------------===//

#include "frit/Runtime/Runtime.h"

#include "FakeBundle.h"
#include "frit/Runtime/Tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <sys/wait.h>
#include <thread>

using namespace frit;
using namespace frit::test;

namespace {
class RuntimeTest : public testing::Test {
protected:
  void SetUp() override {
    bundle.write(path);
    ASSERT_EQ(frit_model_open(path.c_str(), nullptr, &model), FRIT_OK) << frit_last_error();
    frit_session_options options = {sizeof(options), 100, 2, 2};
    ASSERT_EQ(frit_session_create(model, &options, &session), FRIT_OK) << frit_last_error();
  }
  void TearDown() override {
    frit_session_free(session);
    frit_model_close(model);
  }

  static std::string errorOf(frit_status status) {
    EXPECT_EQ(status, FRIT_ERROR);
    return status == FRIT_OK ? "" : frit_last_error();
  }

  std::string encodedText(const std::string &text, int flags = 0) {
    std::vector<int32_t> ids(text.size() + 1);
    size_t count = 0, bytes = 0;
    EXPECT_EQ(frit_encode(model, text.data(), text.size(), flags, ids.data(), ids.size(), &count),
              FRIT_OK);
    std::string decoded(text.size() * 4, 'x');
    EXPECT_EQ(frit_decode(model, ids.data(), count, 0, decoded.data(), decoded.size(), &bytes),
              FRIT_OK);
    return decoded.substr(0, bytes);
  }

  TemporaryDirectory directory;
  std::string path = directory.file("fake.frit");
  FakeBundle bundle;
  frit_model *model = nullptr;
  frit_session *session = nullptr;
};
} // namespace

TEST_F(RuntimeTest, ModelInfo) {
  frit_model_info info = {};
  info.size = sizeof(info);
  ASSERT_EQ(frit_model_get_info(model, &info), FRIT_OK);
  EXPECT_STREQ(info.name, "fake");
  EXPECT_STREQ(info.architecture, "none");
  EXPECT_STREQ(info.target, "generic");
  EXPECT_STREQ(info.frit_version, "0.1.0");
  EXPECT_STREQ(info.llvm_version, "22.1.8");
  EXPECT_STREQ(info.source_file, "fake.gguf");
  EXPECT_EQ(info.context_length, FakeContext);
  EXPECT_EQ(info.vocabulary, bundle.vocabulary());
  EXPECT_EQ(info.layers, FakeLayers);
  EXPECT_EQ(info.hidden, FakeHidden);
  EXPECT_EQ(info.kv_bytes_per_token, 128);
  EXPECT_EQ(info.weights_bytes, static_cast<int64_t>(bundle.packs.size()));
  EXPECT_EQ(info.bundle_bytes, static_cast<int64_t>(readBytes(path).size()));
  EXPECT_EQ(info.has_tokenizer, 1);
  EXPECT_EQ(info.chat_template, fakeTokenizer().chatTemplate);
  const char *json = nullptr;
  ASSERT_EQ(frit_model_manifest(model, &json), FRIT_OK);
  EXPECT_EQ(json, bundle.manifest.dump(2));
  frit_session_info sessionInfo = {};
  sessionInfo.size = sizeof(sessionInfo);
  ASSERT_EQ(frit_session_get_info(session, &sessionInfo), FRIT_OK);
  EXPECT_EQ(sessionInfo.context, 100);
  EXPECT_EQ(sessionInfo.slots, 2);
  EXPECT_EQ(sessionInfo.threads, 2);
  EXPECT_GE(sessionInfo.kv_cache_bytes, 2 * 128 * 128);
}

/// Callers of an older version get what they know of, those of a newer one are told if they set
/// more.
TEST_F(RuntimeTest, SizesOfStructures) {
  frit_session_info info;
  memset(&info, 0x55, sizeof(info));
  info.size = offsetof(frit_session_info, slots);
  ASSERT_EQ(frit_session_get_info(session, &info), FRIT_OK);
  EXPECT_EQ(info.size, offsetof(frit_session_info, slots));
  EXPECT_EQ(info.context, 100);
  EXPECT_EQ(info.slots, 0x55555555);
  info.size = 0;
  EXPECT_EQ(errorOf(frit_session_get_info(session, &info)),
            "the field size of the structure is not set");

  struct Newer {
    frit_session_options options;
    uint64_t more[4];
  } newer = {};
  newer.options.size = sizeof(newer);
  newer.options.context = 10;
  frit_session *other;
  ASSERT_EQ(frit_session_create(model, &newer.options, &other), FRIT_OK);
  frit_session_free(other);
  newer.more[2] = 1;
  EXPECT_EQ(errorOf(frit_session_create(model, &newer.options, &other)),
            "the options have fields that this version does not know");
  frit_session_options unset = {};
  EXPECT_EQ(errorOf(frit_session_create(model, &unset, &other)),
            "the field size of the options is not set");
  // A caller from before the field threads: its default.
  unset.size = offsetof(frit_session_options, threads);
  unset.threads = -7;
  ASSERT_EQ(frit_session_create(model, &unset, &other), FRIT_OK);
  frit_session_free(other);
}

TEST_F(RuntimeTest, Text) {
  EXPECT_EQ(encodedText("Hello, wörld! 123"), "Hello, wörld! 123");
  EXPECT_EQ(encodedText(std::string("a\0b", 3)), std::string("a\0b", 3));
  EXPECT_EQ(encodedText(""), "");
  // Flags: the end of a turn as one token, or as text.
  std::string end = "<|im_end|>";
  std::vector<int32_t> ids(20);
  size_t count = 0;
  ASSERT_EQ(frit_encode(model, end.data(), end.size(), FRIT_PARSE_SPECIAL, ids.data(), 20, &count),
            FRIT_OK);
  ASSERT_EQ(count, 1u);
  int isEnd = -1;
  ASSERT_EQ(frit_is_end(model, ids[0], &isEnd), FRIT_OK);
  EXPECT_EQ(isEnd, 1);
  char text[20];
  size_t bytes = 99;
  ASSERT_EQ(frit_decode(model, ids.data(), 1, FRIT_SKIP_SPECIAL, text, 20, &bytes), FRIT_OK);
  EXPECT_EQ(bytes, 0u);
  ASSERT_EQ(frit_decode(model, ids.data(), 1, 0, text, 20, &bytes), FRIT_OK);
  EXPECT_EQ(std::string(text, bytes), end);
  ASSERT_EQ(frit_encode(model, end.data(), end.size(), 0, ids.data(), 20, &count), FRIT_OK);
  EXPECT_GT(count, 1u);
  ASSERT_EQ(frit_is_end(model, ids[0], &isEnd), FRIT_OK);
  EXPECT_EQ(isEnd, 0);

  // Too small: the size that is needed, nothing written.
  size_t needed = count;
  int32_t untouched[2] = {-5, -5};
  EXPECT_EQ(frit_encode(model, end.data(), end.size(), 0, untouched, 2, &count),
            FRIT_BUFFER_TOO_SMALL);
  EXPECT_STREQ(frit_last_error(), "the buffer is too small");
  EXPECT_EQ(count, needed);
  EXPECT_EQ(untouched[0], -5);
  EXPECT_EQ(frit_encode(model, end.data(), end.size(), 0, nullptr, 0, &count),
            FRIT_BUFFER_TOO_SMALL);
  EXPECT_EQ(frit_encode(model, end.data(), end.size(), 0, ids.data(), needed, &count), FRIT_OK);
  EXPECT_EQ(frit_decode(model, ids.data(), count, 0, text, end.size() - 1, &bytes),
            FRIT_BUFFER_TOO_SMALL);
  EXPECT_EQ(bytes, end.size());
}

TEST_F(RuntimeTest, StreamingText) {
  std::string text = "naïve 🦊 café";
  std::vector<int32_t> ids(100);
  size_t count;
  ASSERT_EQ(frit_encode(model, text.data(), text.size(), 0, ids.data(), 100, &count), FRIT_OK);
  frit_decoder *decoder = nullptr;
  ASSERT_EQ(frit_decoder_create(model, 0, &decoder), FRIT_OK);
  std::string joined;
  const char *piece;
  size_t bytes;
  for (size_t i = 0; i < count; ++i) {
    ASSERT_EQ(frit_decoder_push(decoder, ids[i], &piece, &bytes), FRIT_OK);
    EXPECT_EQ(strlen(piece), bytes);
    joined += piece;
  }
  EXPECT_EQ(joined, text);
  // The first byte of the fox alone: held back until the end.
  ASSERT_EQ(frit_encode(model, "\xF0\x9F\xA6\x8A", 4, 0, ids.data(), 100, &count), FRIT_OK);
  frit_model_close(model); // a decoder keeps what it needs
  model = nullptr;
  if (count > 1) {
    ASSERT_EQ(frit_decoder_push(decoder, ids[0], &piece, nullptr), FRIT_OK);
    EXPECT_STREQ(piece, "");
    ASSERT_EQ(frit_decoder_finish(decoder, &piece, &bytes), FRIT_OK);
    EXPECT_STREQ(piece, "\xEF\xBF\xBD");
  }
  ASSERT_EQ(frit_decoder_finish(decoder, &piece, &bytes), FRIT_OK);
  EXPECT_EQ(bytes, 0u);
  frit_decoder_free(decoder);
}

TEST_F(RuntimeTest, Chat) {
  frit_chat_message messages[] = {{"system", "Be brief."}, {"user", "Hi"}};
  char text[200];
  size_t bytes = 0;
  ASSERT_EQ(frit_chat(model, messages, 2, 1, text, sizeof(text), &bytes), FRIT_OK)
      << frit_last_error();
  EXPECT_EQ(std::string(text, bytes), "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n"
                                      "Hi<|im_end|>\n<|im_start|>assistant\n");
  ASSERT_EQ(frit_chat(model, messages + 1, 1, 0, text, sizeof(text), &bytes), FRIT_OK);
  EXPECT_EQ(std::string(text, bytes),
            "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging "
            "Face<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n");
  messages[1].content = nullptr;
  EXPECT_EQ(errorOf(frit_chat(model, messages, 2, 1, text, sizeof(text), &bytes)),
            "content of a message is null");
}

TEST_F(RuntimeTest, ChatTemplateOfItsOwn) {
  TokenizerData data = fakeTokenizer();
  data.eosId = std::nullopt;
  data.chatTemplate = "{{ bos_token }}{{ eos_token is defined }}{{ tools is none }}"
                      "{% if messages[0].role == 'x' %}{{ raise_exception('no x') }}{% endif %}";
  auto chat = [&](const char *role) {
    FakeBundle other;
    other.tokenizer = data.serialize();
    other.write(directory.file("chat.frit"));
    frit_model *opened;
    EXPECT_EQ(frit_model_open(directory.file("chat.frit").c_str(), nullptr, &opened), FRIT_OK);
    frit_chat_message message = {role, "Hi"};
    char text[200];
    size_t bytes = 0;
    frit_status status = frit_chat(opened, &message, 1, 1, text, sizeof(text), &bytes);
    frit_model_close(opened);
    return status == FRIT_OK ? std::string(text, bytes) : frit_last_error();
  };
  EXPECT_EQ(chat("user"), data.tokens[static_cast<size_t>(*data.bosId)] + "FalseTrue");
  EXPECT_EQ(chat("x"), "chat template: no x");
  data.chatTemplate = "{% include 'x' %}";
  EXPECT_EQ(chat("user"), "chat template: unknown tag 'include' in line 1; --no-chat gives the "
                          "model the prompt as it is");
}

TEST_F(RuntimeTest, EvaluateAndSample) {
  std::vector<int32_t> ids = fakeIds(bundle, 100);
  auto expected = fakeLogits(bundle, ids);
  auto expect = [&](int64_t index, size_t token) {
    const float *logits = nullptr;
    ASSERT_EQ(frit_logits(session, index, &logits), FRIT_OK) << frit_last_error();
    EXPECT_TRUE(std::equal(logits + FakeLogitCount, logits + bundle.vocabulary(),
                           expected[token].begin() + FakeLogitCount));
  };
  size_t count = 99;
  const float *logits;
  ASSERT_EQ(frit_logits_count(session, &count), FRIT_OK);
  EXPECT_EQ(count, 0u);
  EXPECT_EQ(errorOf(frit_logits(session, 0, &logits)), "logits 0 of 0 of the last evaluation");
  ASSERT_EQ(frit_eval(session, 1, ids.data(), 40, FRIT_LOGITS_ALL), FRIT_OK) << frit_last_error();
  ASSERT_EQ(frit_logits_count(session, &count), FRIT_OK);
  EXPECT_EQ(count, 40u);
  expect(0, 0);
  expect(39, 39);
  expect(-1, 39);
  expect(-40, 0);
  EXPECT_EQ(errorOf(frit_logits(session, 40, &logits)), "logits 40 of 40 of the last evaluation");
  EXPECT_EQ(errorOf(frit_logits(session, -41, &logits)), "logits -41 of 40 of the last evaluation");
  ASSERT_EQ(frit_eval(session, 1, ids.data() + 40, 10, FRIT_LOGITS_NONE), FRIT_OK);
  EXPECT_EQ(errorOf(frit_logits(session, -1, &logits)), "logits -1 of 0 of the last evaluation");
  ASSERT_EQ(frit_eval(session, 1, ids.data() + 50, 10, FRIT_LOGITS_LAST), FRIT_OK);
  expect(0, 59);

  frit_sampler *sampler;
  ASSERT_EQ(frit_sampler_create(nullptr, &sampler), FRIT_OK);
  int32_t id = -1;
  ASSERT_EQ(frit_sample(sampler, session, -1, &id), FRIT_OK);
  ASSERT_EQ(frit_logits(session, 0, &logits), FRIT_OK);
  EXPECT_EQ(id, std::max_element(logits, logits + bundle.vocabulary()) - logits);
  frit_sampler_free(sampler);
  // A penalty of what was sampled gives another token.
  frit_sampler_options options = {sizeof(options), 1000.0F, 0, 0, 0, 0, 0, 0};
  ASSERT_EQ(frit_sampler_create(&options, &sampler), FRIT_OK);
  ASSERT_EQ(frit_sampler_accept(sampler, &id, 1), FRIT_OK);
  int32_t other = -1;
  ASSERT_EQ(frit_sample(sampler, session, -1, &other), FRIT_OK);
  EXPECT_NE(other, id);
  ASSERT_EQ(frit_sampler_reset(sampler), FRIT_OK);
  ASSERT_EQ(frit_sample(sampler, session, -1, &other), FRIT_OK);
  EXPECT_EQ(other, id);
  EXPECT_EQ(errorOf(frit_sample(sampler, session, 1, &other)),
            "logits 1 of 1 of the last evaluation");
  frit_sampler_free(sampler);

  frit_token batch[] = {{ids[60], 60, 1, 0}, {ids[0], 0, 0, 1}, {ids[61], 61, 1, 1}};
  ASSERT_EQ(frit_eval_batch(session, batch, 3), FRIT_OK) << frit_last_error();
  expect(0, 0);
  expect(1, 61);
  int32_t length = -1;
  ASSERT_EQ(frit_length(session, 1, &length), FRIT_OK);
  EXPECT_EQ(length, 62);
  ASSERT_EQ(frit_truncate(session, 1, 50), FRIT_OK);
  ASSERT_EQ(frit_eval(session, 1, ids.data() + 50, 50, FRIT_LOGITS_LAST), FRIT_OK);
  expect(0, 99);

  frit_timings timings = {};
  timings.size = sizeof(timings);
  ASSERT_EQ(frit_get_timings(session, &timings), FRIT_OK);
  EXPECT_EQ(timings.prefill_tokens, 40 + 10 + 10 + 3 + 50);
  EXPECT_EQ(timings.decode_tokens, 0);
  EXPECT_GT(timings.load_seconds, 0);
  EXPECT_GT(timings.prefill_seconds, 0);
  ASSERT_EQ(frit_reset_timings(session), FRIT_OK);
  ASSERT_EQ(frit_get_timings(session, &timings), FRIT_OK);
  EXPECT_EQ(timings.prefill_tokens, 0);
}

TEST_F(RuntimeTest, SecondsOfSteps) {
  size_t program = 0, count = 1;
  const double *seconds = nullptr;
  std::vector<int32_t> ids(40, 1);
  ASSERT_EQ(frit_eval(session, 0, ids.data(), ids.size(), FRIT_LOGITS_LAST), FRIT_OK);
  ASSERT_EQ(frit_step_seconds(session, &program, &seconds, &count), FRIT_OK);
  EXPECT_EQ(count, 0u); // Nobody asked for them.
  ASSERT_EQ(frit_measure_steps(session, 1), FRIT_OK);
  ASSERT_EQ(frit_eval(session, 0, ids.data(), ids.size(), FRIT_LOGITS_LAST), FRIT_OK);
  ASSERT_EQ(frit_step_seconds(session, &program, &seconds, &count), FRIT_OK);
  ASSERT_GT(count, 0u);
  for (size_t step = 0; step < count; ++step)
    EXPECT_GT(seconds[step], 0);
  size_t prefill = program;
  ASSERT_EQ(frit_eval(session, 0, ids.data(), 1, FRIT_LOGITS_LAST), FRIT_OK);
  ASSERT_EQ(frit_step_seconds(session, &program, &seconds, &count), FRIT_OK);
  EXPECT_LE(program, prefill);
  EXPECT_GT(count, 0u);
  ASSERT_EQ(frit_measure_steps(session, 0), FRIT_OK);
  ASSERT_EQ(frit_eval(session, 0, ids.data(), 1, FRIT_LOGITS_LAST), FRIT_OK);
  ASSERT_EQ(frit_step_seconds(session, &program, &seconds, &count), FRIT_OK);
  EXPECT_EQ(count, 0u);
}

TEST_F(RuntimeTest, StatusOfWhatCannotBeEvaluated) {
  std::vector<int32_t> ids(101, 1);
  EXPECT_EQ(frit_eval(session, 0, ids.data(), 101, FRIT_LOGITS_LAST), FRIT_CONTEXT_FULL);
  EXPECT_STREQ(frit_last_error(),
               "101 tokens after 0 do not fit into the session's context of 100");
  ASSERT_EQ(frit_eval(session, 0, ids.data(), 100, FRIT_LOGITS_LAST), FRIT_OK);
  EXPECT_EQ(frit_eval(session, 0, ids.data(), 1, FRIT_LOGITS_LAST), FRIT_CONTEXT_FULL);
  EXPECT_STREQ(frit_last_error(),
               "1 tokens after 100 do not fit into the session's context of 100");
  EXPECT_EQ(frit_eval(session, 0, ids.data(), SIZE_MAX, FRIT_LOGITS_LAST), FRIT_CONTEXT_FULL);
  frit_token token = {1, 100, 0, 1};
  EXPECT_EQ(frit_eval_batch(session, &token, 1), FRIT_CONTEXT_FULL);
  frit_cancel(session);
  EXPECT_EQ(frit_eval(session, 1, ids.data(), 1, FRIT_LOGITS_LAST), FRIT_CANCELLED);
  EXPECT_STREQ(frit_last_error(), "cancelled after 0 of 1 tokens");
  EXPECT_EQ(errorOf(frit_eval(session, 1, ids.data(), 0, FRIT_LOGITS_LAST)),
            "expected at least one token");
  EXPECT_EQ(errorOf(frit_eval(session, 2, ids.data(), 1, FRIT_LOGITS_LAST)),
            "expected a slot from 0 to 1, found 2");
  EXPECT_EQ(errorOf(frit_eval(session, -1, ids.data(), 1, FRIT_LOGITS_LAST)),
            "expected a slot from 0 to 1, found -1");
  ids[0] = bundle.vocabulary();
  std::string vocabulary = std::to_string(bundle.vocabulary());
  EXPECT_EQ(errorOf(frit_eval(session, 1, ids.data(), 1, FRIT_LOGITS_LAST)),
            "token 0 of the batch has id " + vocabulary + ", outside of the vocabulary of " +
                vocabulary);
  EXPECT_EQ(errorOf(frit_truncate(session, 1, -1)), "expected a length from 0, found -1");
  frit_sampler *sampler;
  frit_sampler_options options = {sizeof(options), 0, 0, 0, 2.0F, 0, 0, 0};
  EXPECT_EQ(errorOf(frit_sampler_create(&options, &sampler)),
            "top-p: expected a number from 0 to 1, found 2");
  frit_model *none = nullptr;
  EXPECT_EQ(errorOf(frit_model_open("/none", nullptr, &none)),
            "cannot open '/none': No such file or directory");
  EXPECT_EQ(none, nullptr);
}

TEST_F(RuntimeTest, NullIsAnErrorNotACrash) {
  frit_model_info modelInfo = {};
  frit_session_info sessionInfo = {};
  frit_timings timings = {};
  frit_chat_message message = {"user", "x"};
  frit_token token = {0, 0, 0, 0};
  const char *text;
  const float *logits;
  size_t count;
  int32_t id = 0;
  int flag;
  frit_decoder *decoder = nullptr;
  frit_sampler *sampler = nullptr;
  char buffer[4];
  ASSERT_EQ(frit_decoder_create(model, 0, &decoder), FRIT_OK);
  ASSERT_EQ(frit_sampler_create(nullptr, &sampler), FRIT_OK);
  const double *times = nullptr;
  frit_status all[] = {
      frit_model_open(nullptr, nullptr, &model),
      frit_model_open(path.c_str(), nullptr, nullptr),
      frit_model_get_info(nullptr, &modelInfo),
      frit_model_get_info(model, nullptr),
      frit_model_manifest(nullptr, &text),
      frit_model_manifest(model, nullptr),
      frit_encode(nullptr, "x", 1, 0, &id, 1, &count),
      frit_encode(model, nullptr, 1, 0, &id, 1, &count),
      frit_encode(model, "x", 1, 0, nullptr, 1, &count),
      frit_encode(model, "x", 1, 0, &id, 1, nullptr),
      frit_decode(nullptr, &id, 1, 0, buffer, 4, &count),
      frit_decode(model, nullptr, 1, 0, buffer, 4, &count),
      frit_decode(model, &id, 1, 0, buffer, 4, nullptr),
      frit_decoder_create(nullptr, 0, &decoder),
      frit_decoder_create(model, 0, nullptr),
      frit_decoder_push(nullptr, 0, &text, &count),
      frit_decoder_push(decoder, 0, nullptr, &count),
      frit_decoder_finish(nullptr, &text, &count),
      frit_decoder_finish(decoder, nullptr, &count),
      frit_chat(nullptr, &message, 1, 1, buffer, 4, &count),
      frit_chat(model, nullptr, 1, 1, buffer, 4, &count),
      frit_chat(model, &message, 1, 1, buffer, 4, nullptr),
      frit_is_end(nullptr, 0, &flag),
      frit_is_end(model, 0, nullptr),
      frit_session_create(nullptr, nullptr, &session),
      frit_session_create(model, nullptr, nullptr),
      frit_session_get_info(nullptr, &sessionInfo),
      frit_session_get_info(session, nullptr),
      frit_eval(nullptr, 0, &id, 1, FRIT_LOGITS_ALL),
      frit_eval(session, 0, nullptr, 1, FRIT_LOGITS_ALL),
      frit_eval_batch(nullptr, &token, 1),
      frit_eval_batch(session, nullptr, 1),
      frit_logits(nullptr, 0, &logits),
      frit_logits(session, 0, nullptr),
      frit_logits_count(nullptr, &count),
      frit_logits_count(session, nullptr),
      frit_length(nullptr, 0, &id),
      frit_length(session, 0, nullptr),
      frit_truncate(nullptr, 0, 0),
      frit_get_timings(nullptr, &timings),
      frit_get_timings(session, nullptr),
      frit_reset_timings(nullptr),
      frit_measure_steps(nullptr, 1),
      frit_step_seconds(nullptr, &count, &times, &count),
      frit_step_seconds(session, nullptr, &times, &count),
      frit_step_seconds(session, &count, nullptr, &count),
      frit_step_seconds(session, &count, &times, nullptr),
      frit_sampler_create(nullptr, nullptr),
      frit_sample(nullptr, session, 0, &id),
      frit_sample(sampler, nullptr, 0, &id),
      frit_sample(sampler, session, 0, nullptr),
      frit_sampler_accept(nullptr, &id, 1),
      frit_sampler_accept(sampler, nullptr, 1),
      frit_sampler_reset(nullptr),
  };
  for (size_t i = 0; i < std::size(all); ++i)
    EXPECT_EQ(all[i], FRIT_ERROR) << i;
  frit_cancel(nullptr);
  frit_decoder_free(nullptr);
  frit_sampler_free(nullptr);
  frit_session_free(nullptr);
  frit_model_close(nullptr);
  frit_decoder_free(decoder);
  frit_sampler_free(sampler);
}

TEST_F(RuntimeTest, SpecialTokens) {
  TokenizerData data = fakeTokenizer();
  data.bosId = 1;
  data.eosId = 2;
  data.unknownId = 3;
  data.padId = std::nullopt;
  FakeBundle other;
  other.tokenizer = data.serialize();
  other.write(directory.file("special.frit"));
  frit_model *special;
  ASSERT_EQ(frit_model_open(directory.file("special.frit").c_str(), nullptr, &special), FRIT_OK);
  frit_model_info info = {};
  info.size = sizeof(info);
  ASSERT_EQ(frit_model_get_info(special, &info), FRIT_OK);
  EXPECT_EQ(info.bos_id, 1);
  EXPECT_EQ(info.eos_id, 2);
  EXPECT_EQ(info.unknown_id, 3);
  EXPECT_EQ(info.pad_id, -1);
  frit_model_close(special);
}

TEST_F(RuntimeTest, WithoutATokenizer) {
  FakeBundle silent;
  silent.withTokenizer = false;
  silent.write(directory.file("silent.frit"));
  frit_model *other;
  ASSERT_EQ(frit_model_open(directory.file("silent.frit").c_str(), nullptr, &other), FRIT_OK);
  size_t count;
  int isEnd;
  EXPECT_EQ(errorOf(frit_encode(other, "x", 1, 0, nullptr, 0, &count)),
            "the bundle has no tokenizer: only token ids go in and out");
  EXPECT_EQ(errorOf(frit_is_end(other, 0, &isEnd)),
            "the bundle has no tokenizer: only token ids go in and out");
  frit_model_info info = {};
  info.size = sizeof(info);
  ASSERT_EQ(frit_model_get_info(other, &info), FRIT_OK);
  EXPECT_EQ(info.has_tokenizer, 0);
  EXPECT_STREQ(info.chat_template, "");
  for (int32_t id : {info.bos_id, info.eos_id, info.unknown_id, info.pad_id})
    EXPECT_EQ(id, -1);
  frit_model_close(other);

  // One that this program does not know says why.
  TokenizerData data = fakeTokenizer();
  data.preTokenizer = "other";
  silent.withTokenizer = true;
  silent.tokenizer = data.serialize();
  silent.write(directory.file("unknown.frit"));
  ASSERT_EQ(frit_model_open(directory.file("unknown.frit").c_str(), nullptr, &other), FRIT_OK);
  EXPECT_EQ(
      errorOf(frit_encode(other, "x", 1, 0, nullptr, 0, &count)),
      "tokenizer: unknown pre-tokenizer 'other' (key tokenizer.ggml.pre), known are: gpt-2, "
      "llama-bpe, glm4, qwen2, smollm, deepseek-v3, "
      "hunyuan-dense, hunyuan, chatglm-bpe, dbrx, smaug-bpe, refact; only token ids go in and out");
  ASSERT_EQ(frit_model_get_info(other, &info), FRIT_OK);
  EXPECT_EQ(info.has_tokenizer, 0);
  frit_model_close(other);
}

TEST_F(RuntimeTest, ErrorsBelongToTheirThread) {
  EXPECT_EQ(errorOf(frit_truncate(nullptr, 0, 0)), "session is null");
  std::thread([] {
    EXPECT_STREQ(frit_last_error(), "");
    EXPECT_EQ(errorOf(frit_is_end(nullptr, 0, nullptr)), "model is null");
  }).join();
  EXPECT_STREQ(frit_last_error(), "session is null");
}

/// The C program, linked to the shared library, generates what the fake model says.
TEST_F(RuntimeTest, Example) {
  constexpr size_t tokens = 20;
  auto run = [](const std::string &command, std::string &out) {
    // The shell redirects. NOLINTNEXTLINE(bugprone-command-processor): all words are our own.
    FILE *pipe = popen(command.c_str(), "r");
    char buffer[1000];
    for (size_t count; (count = fread(buffer, 1, sizeof(buffer), pipe)) > 0;)
      out.append(buffer, count);
    return WEXITSTATUS(pclose(pipe));
  };
  std::string text, log = directory.file("log");
  ASSERT_EQ(run(FRIT_EXAMPLE " " + path + " 'Who are you?' 20 2>" + log, text), 0)
      << readBytes(log);

  auto tokenizer = Tokenizer::create(fakeTokenizer());
  ASSERT_TRUE(tokenizer);
  auto prompt = tokenizer->encode(
      "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging "
      "Face<|im_end|>\n<|im_start|>user\nWho are you?<|im_end|>\n<|im_start|>assistant\n",
      {.parseSpecial = true});
  ASSERT_TRUE(prompt);
  std::vector<int32_t> sequence = *prompt, generated;
  for (size_t i = 0; i < tokens; ++i) {
    std::vector<float> logits = fakeLogits(bundle, sequence).back();
    // What the phases report in place of the first logits is far from the largest.
    auto best = std::max_element(logits.begin() + FakeLogitCount, logits.end()) - logits.begin();
    ASSERT_GT(logits[static_cast<size_t>(best)], 2000);
    generated.push_back(static_cast<int32_t>(best));
    sequence.push_back(static_cast<int32_t>(best));
    if (tokenizer->isEndOfGeneration(generated.back()))
      break;
  }
  std::istringstream stderrText(readBytes(log));
  std::string line;
  std::getline(stderrText, line);
  std::istringstream ids(line);
  EXPECT_EQ((std::vector<int32_t>{std::istream_iterator<int32_t>(ids), {}}), generated);
  std::getline(stderrText, line);
  EXPECT_TRUE(line.starts_with("load ")) << line;
  if (tokenizer->isEndOfGeneration(generated.back()))
    generated.pop_back();
  EXPECT_EQ(text, tokenizer->decode(generated, {.skipSpecial = true}) + "\n");

  std::string nothing;
  EXPECT_EQ(run(FRIT_EXAMPLE " /none x 2>" + log, nothing), 1);
  EXPECT_EQ(readBytes(log), "error: cannot open '/none': No such file or directory\n");
}
