module SimCLR.Tests.OptimizerTests

open SimCLR
open Xunit

// 0.3 · 4096 / 256 and 0.075 · √4096 are both 4.8: the paper, appendix B.1.
[<Fact>]
let Both_rules_of_the_paper_give_4_8_at_batch_4096 () =
    Assert.Equal(4.8, LearningRate.forBatch 4096 (LearningRate.Linear 0.3), 12)
    Assert.Equal(4.8, LearningRate.forBatch 4096 (LearningRate.SquareRoot 0.075), 12)

[<Fact>]
let The_rules_scale_with_the_batch_or_its_root () =
    Assert.Equal(0.6, LearningRate.forBatch 512 (LearningRate.Linear 0.3), 12)
    Assert.Equal(1.2, LearningRate.forBatch 256 (LearningRate.SquareRoot 0.075), 12)
    Assert.Equal(0.7, LearningRate.forBatch 512 (LearningRate.Fixed 0.7))

[<Fact>]
let Another_weight_decay_leaves_the_rest () =
    let expected =
        Optimizer.Lars
            {
                Momentum = 0.9
                WeightDecay = 1e-4
                TrustCoefficient = 0.001
            }

    Assert.Equal(expected, Optimizer.lars |> Optimizer.withWeightDecay 1e-4)
