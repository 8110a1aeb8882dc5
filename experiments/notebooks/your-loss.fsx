(**
# Your own loss

A loss is a function of both views' embeddings. Written in the values of the differentiation module it needs no tensors: its derivative can be checked before anything is trained, and then it
stands in a run like any other, with its settings in the run's hash.
*)
#load "../../scripts/notebook.fsx"

open System.Threading
open SimCLR

(**
## The function

Alignment and uniformity (Wang and Isola 2020, 2005.10242): the two views of an image lie near each other, and all images spread over the sphere. Embeddings are rows, [N, D].
*)
let alignUniform (weight: float) (a: Value) (b: Value) =
    let a, b = Value.normalize a, Value.normalize b

    let alignment = Value.mean ((a - b) ** 2.0)

    let uniformity (z: Value) =
        Value.mean (Value.logSumExp (4.0 * Value.dot z (Value.transpose z)))

    alignment + weight * (uniformity a + uniformity b)

(**
## Is its derivative right?

`Diff.check` compares it with finite differences: the largest deviation, relative to the gradient.
*)
let random = System.Random 1

let rows () =
    Array.init 6 (fun _ -> Array.init 4 (fun _ -> random.NextDouble() - 0.5))

let deviation =
    Diff.check (Space.pair Space.matrix Space.matrix) (fun (a, b) -> alignUniform 0.5 a b) (rows (), rows ())

deviation < 1e-6
(*** include-it ***)

(**
## A value of a run

`Loss.OfValues` gives it a name, a version and settings. What a setting is changes the hash, as with every loss; a changed formula wants a higher version, so that what was stored
by the old one is not taken for the new.
*)
let alignUniformLoss =
    Loss.OfValues("align-uniform", 1, [ ("weight", 0.5) ], fun settings a b -> alignUniform settings["weight"] a b)

let loss weight = alignUniformLoss [ ("weight", weight) ]

let baseline =
    { Run.shapes with
        Images =
            {
                Source = ImageSource.Shapes { Train = 2000; Test = 500; Size = 32 }
                TrainLimit = None
            }
        BatchSize = 64
        Epochs = 6
        LearningRate = LearningRate.Linear 0.4
    }

Run.diff baseline (Run.withLoss (loss 0.5) baseline)
(*** include-it ***)

(**
## Beside NT-Xent

The executor trusts results that were stored by an earlier wording of this page (`TrustCustom`); without it a sweep that finds such results stops and says so.
*)
let grid =
    Grid.from baseline
    |> Grid.varyBy "loss" Run.withLoss [ "NT-Xent", Loss.ntXent 0.5; "weight 0", loss 0.0; "weight 0.5", loss 0.5 ]
    |> Grid.seeds [ 0; 1 ]

let results =
    grid
    |> Execution.execute
        CancellationToken.None
        { Notebook.executor with
            TrustCustom = true
        }

results
(*** include-it ***)

(**
The loss itself says little: without uniformity (weight 0) it falls to almost nothing, since pulling views together is all that it asks. Of runs this short the table is a beginning, no verdict; more
seeds and epochs are a change of two numbers. The loss with tensors in place of values is `Loss.Define` (docs/extend.md), which is faster on a GPU.
*)
