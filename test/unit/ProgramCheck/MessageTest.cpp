//===- MessageTest.cpp - what is said of a wrong program --------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/ProgramCheck/ProgramCheck.h"

#include <gtest/gtest.h>

using namespace frit;
using namespace frit::program;

namespace {

/// embed -> x; qkv: x -> q, append; attention: q -> a; output: x, a -> y in place of x; logits.
class MessageTest : public testing::Test {
protected:
  MessageTest() {
    dataflow.values = {
        {"x", 64, false}, {"q", 64, false}, {"a", 64, false}, {"y", 64, false}, {"l", 128, true}};
    dataflow.logits = 4;
    dataflow.calls = {{"embed", -1, 0, false, false, {}, {0}},
                      {"qkv", 0, 3, true, false, {0}, {1}},
                      {"attention", 0, 3, false, true, {1}, {2}},
                      {"output", -1, 3, false, false, {0, 2}, {3}},
                      {"logits", -1, 0, false, false, {3}, {4}}};
    program.name = "decode";
    program.rows = 2;
    program.buffers = {{"residual", 0, 128, 64, false},
                       {"query", 128, 128, 64, false},
                       {"attention", 256, 128, 64, false},
                       {"logits", 384, 256, 128, true}};
    program.logits = 3;
    program.phases = {{"embed.m1", "embed", {}, {0}},
                      {"qkv.m1", "qkv", {{0, false}}, {1}},
                      {"attention.m1", "attention", {{1, false}}, {2}},
                      {"output.m1", "output", {{0, true}, {2, false}}, {0}},
                      {"logits.m1", "logits", {{0, false}}, {3}}};
    program.steps = {
        {0, -1, 0, true}, {1, 0, 3, true}, {2, 0, 3, true}, {3, -1, 3, true}, {4, -1, 0, true}};
  }

  std::string problem() {
    Status status = check(program, dataflow);
    return status ? "" : status.error();
  }

  Dataflow dataflow;
  Program program;
};

} // namespace

TEST_F(MessageTest, Accepts) { EXPECT_EQ(problem(), ""); }

TEST_F(MessageTest, ReadBehindNoBarrier) {
  program.steps[0].barrier = false;
  EXPECT_EQ(problem(), "program decode: step 1 (qkv.m1): reads x in bytes 0 to 128 of the "
                       "workspace, with no barrier behind step 0 (embed.m1), which writes it");
}

TEST_F(MessageTest, ReadOfWhatNobodyWrote) {
  program.phases[1].inputs[0].buffer = 2;
  EXPECT_EQ(problem(), "program decode: step 1 (qkv.m1): reads x in bytes 256 to 384 of the "
                       "workspace, of which 128 bytes were never written");
}

TEST_F(MessageTest, ReadOfAnotherValue) {
  program.phases[3].inputs[1].buffer = 1;
  EXPECT_EQ(problem(), "program decode: step 3 (output.m1): reads a in bytes 128 to 256 of the "
                       "workspace, where step 1 (qkv.m1) wrote q");
}

TEST_F(MessageTest, WriteOverWhatIsStillRead) {
  program.phases[2].outputs[0] = 0;
  program.phases[3].inputs[1].buffer = 0;
  EXPECT_EQ(problem(), "program decode: step 2 (attention.m1): writes a over x in bytes 0 to 128 "
                       "of the workspace, which step 3 (output.m1) still reads");
}

TEST_F(MessageTest, WriteOverTheLogits) {
  dataflow.values.push_back({"z", 128, true});
  dataflow.calls.push_back({"more", -1, 0, false, false, {}, {5}});
  program.phases.push_back({"more.m1", "more", {}, {3}});
  program.steps.push_back({5, -1, 0, true});
  EXPECT_EQ(problem(), "program decode: step 5 (more.m1): writes z over l in bytes 384 to 640 of "
                       "the workspace, which the caller still reads");
}

TEST_F(MessageTest, WriteBehindNoBarrier) {
  // The query of attention, which other cores may still read, is written over by the next step.
  program.steps[2].barrier = false;
  program.phases[3].inputs.pop_back();
  dataflow.calls[3].reads.pop_back();
  program.phases[3].outputs[0] = 1;
  program.phases[4].inputs[0].buffer = 1;
  EXPECT_EQ(problem(),
            "program decode: step 3 (output.m1): writes y to bytes 128 to 256 of the "
            "workspace, with no barrier behind step 2 (attention.m1), which reads there");
  program.phases[3].outputs[0] = 2;
  program.phases[4].inputs[0].buffer = 2;
  EXPECT_EQ(problem(),
            "program decode: step 3 (output.m1): writes y to bytes 256 to 384 of the workspace, "
            "with no barrier behind step 2 (attention.m1), which writes there");
}

TEST_F(MessageTest, SharesOfAStep) {
  program.phases[3].inputs[0].own = false;
  EXPECT_EQ(problem(), "program decode: step 3 (output.m1): writes y to bytes 0 to 128 of the "
                       "workspace, where other cores read x in the same step");
  dataflow.calls[3].writes.push_back(5);
  dataflow.values.push_back({"z", 64, false});
  program.phases[3].inputs[0].own = true;
  program.phases[3].outputs = {1, 1};
  EXPECT_EQ(problem(),
            "program decode: step 3 (output.m1): writes z and y to bytes 128 to 256 of the "
            "workspace");
}

TEST_F(MessageTest, Cache) {
  program.steps[1].barrier = false;
  dataflow.calls[2].reads[0] = 0; // so that only the cache matters
  program.phases[2].inputs[0].buffer = 0;
  EXPECT_EQ(problem(), "program decode: step 2 (attention.m1): reads cache 0 with no barrier "
                       "behind step 1 (qkv.m1), which appends to it");
  program.steps[1].barrier = true;
  std::swap(program.steps[1], program.steps[2]);
  EXPECT_EQ(problem(), "program decode: step 1 (attention.m1): reads cache 0 behind 0 of its "
                       "appends, expected 1");
}

TEST_F(MessageTest, CacheReadAndAppended) {
  dataflow.calls[2].appends = true;
  EXPECT_EQ(problem(), "program decode: step 2 (attention.m1): appends to cache 0, which other "
                       "cores read in the same step");
  dataflow.calls[2].readsCache = false;
  program.steps[1].barrier = false;
  dataflow.calls[2].reads[0] = 0;
  program.phases[2].inputs[0].buffer = 0;
  EXPECT_EQ(problem(), "program decode: step 2 (attention.m1): appends to cache 0 with no barrier "
                       "behind step 1 (qkv.m1), which appends to it, too");
  dataflow.calls[1].appends = false;
  dataflow.calls[1].readsCache = true;
  EXPECT_EQ(problem(), "program decode: step 2 (attention.m1): appends to cache 0 with no barrier "
                       "behind step 1 (qkv.m1), which reads it");
}

TEST_F(MessageTest, StepsAndCalls) {
  program.steps.push_back(program.steps[4]);
  EXPECT_EQ(problem(), "program decode: step 5 (logits.m1): expected 1 steps of logits, as many as "
                       "the model has calls, but got one more");
  program.steps.resize(4);
  EXPECT_EQ(problem(), "program decode: expected a step for each call, but there is none for "
                       "logits with row 0 of the weights");
}

TEST_F(MessageTest, CacheAndRowOfAStep) {
  program.steps[1].cache = 1;
  EXPECT_EQ(problem(), "program decode: step 1 (qkv.m1): expected cache 0, but got 1");
  program.steps[1] = {1, 0, 2, true};
  EXPECT_EQ(problem(), "program decode: step 1 (qkv.m1): expected row 3 of the weights, but got 2");
}

TEST_F(MessageTest, Buffers) {
  program.buffers[1].begin = 64;
  EXPECT_EQ(problem(), "program decode: expected buffers that lie apart, but residual (bytes 0 "
                       "to 128 of the workspace) overlaps query (from 64)");
  program.buffers[1].begin = UINT64_MAX;
  EXPECT_EQ(problem(), "program decode: expected query within the address space");
  program.buffers[1] = {"query", 128, 112, 64, false};
  EXPECT_EQ(problem(), "program decode: step 1 (qkv.m1): expected 128 bytes for q, but query has "
                       "112");
  program.buffers[1] = {"query", 128, 128, 48, false};
  EXPECT_EQ(problem(), "program decode: step 1 (qkv.m1): expected rows of 64 bytes for q, but "
                       "query has rows of 48");
  program.buffers[1] = {"query", 128, 128, 64, true};
  EXPECT_EQ(problem(), "program decode: step 1 (qkv.m1): expected a buffer with a row a token for "
                       "q, but query has one a wanted token");
}

TEST_F(MessageTest, Logits) {
  program.buffers.push_back({"other", 640, 256, 128, true});
  program.logits = 4;
  EXPECT_EQ(problem(), "program decode: expected l in other (bytes 640 to 896 of the workspace) at "
                       "the end, but it holds 0 of its bytes");
}

TEST_F(MessageTest, Inputs) {
  program.phases[3].inputs.pop_back();
  EXPECT_EQ(problem(), "program decode: step 3 (output.m1): expected 2 inputs and 1 outputs, but "
                       "got 1 and 1");
}

TEST_F(MessageTest, Indices) {
  Program good = program;
  program.phases[3].inputs[0].buffer = 4;
  EXPECT_EQ(problem(), "program decode: expected a buffer that exists");
  program = good;
  program.phases[3].outputs[0] = UINT32_MAX;
  EXPECT_EQ(problem(), "program decode: expected a buffer that exists");
  program = good;
  program.logits = 4;
  EXPECT_EQ(problem(), "program decode: expected a buffer of the logits that exists");
  program = good;
  program.steps[0].phase = 5;
  EXPECT_EQ(problem(), "program decode: expected a phase that exists");
  program = good;
  dataflow.calls[0].writes[0] = 5;
  EXPECT_EQ(problem(), "program decode: expected a value that exists");
  dataflow.calls[0].writes[0] = 0;
  dataflow.logits = 5;
  EXPECT_EQ(problem(), "program decode: expected a value of the logits that exists");
}
