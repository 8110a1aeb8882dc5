(**
# A first run, explained

SimCLR trains an encoder without labels: two random views of each image pass the encoder, and a loss pulls the two views of an image together and
pushes views of different images apart. Here a run is a value, and this page is a script: `./simclr notebooks first-run` runs it
and writes down what it gave.
*)
#load "../../scripts/notebook.fsx"

open SimCLR

(**
## The value

A run says all that determines its numbers. This one starts from the recipe for generated images and changes a few fields; it is small enough for a
page that renders in seconds.
*)
let run =
    { Run.shapes with
        Images =
            {
                Source = ImageSource.Shapes { Train = 2000; Test = 500; Size = 32 }
                TrainLimit = None
            }
        Loss = Loss.ntXent 0.1
        Epochs = 10
        Schedule = Schedule.cosine 1.0
    }

Run.diff Run.shapes run
(*** include-it ***)

(**
`Run.diff` lists the choices in which two runs differ. The hash names the run in the store: the same value has the same hash on every machine.
*)
Run.hash run
(*** include-it ***)

(**
What cannot be trained is said before anything is computed.
*)
run |> Run.withTemperature 0.0 |> Run.withBatchSize 4096 |> Run.problems
(*** include-it ***)

(**
## What the encoder sees

Each row begins with an image, followed by pairs of its two views: a crop, mirrored half of the time, with its colours changed, sometimes in grey.
*)
run.ViewA
(*** include-it ***)

(**
## Training

`Execution.run` trains, evaluates, and stores the outcome under the run's hash; asked again, it takes the outcome from there.
The linear probe is a logistic regression on the frozen encoder's features; the same encoder with its first random weights is measured too, for a random
network is no bad feature extractor.
*)
let outcome = Notebook.executor |> Execution.run run

[
    "linear probe, untrained", outcome.LinearTop1Untrained
    "linear probe", outcome.LinearTop1
    "k-NN, untrained", outcome.KnnTop1Untrained
    "k-NN", outcome.KnnTop1
    "the positive is the most similar of the batch", outcome.ContrastiveTop1
]
|> List.map (fun (name, value) -> $"{name}: {100.0 * value:F1} %%")
(*** include-it ***)

(**
A model to which all views are alike has the loss log(2N - 1): it guesses which of the other 2N - 1 views belongs to the anchor. An untrained encoder at a low temperature
is worse than that, for it is sure and wrong.
*)
let guess = log (2.0 * float run.BatchSize - 1.0)

[
    "loss", [ for point in outcome.Curve -> point.Epoch, point.Loss ]
    "guessing", [ 0.0, guess; float run.Epochs, guess ]
]
|> Plot.lines "epoch" "loss"
(*** include-it ***)

(**
## Beside the published recipes

`Recipe` has the paper's own settings and those of well-known implementations, and the diff says what this run does otherwise than the paper on CIFAR-10.
*)
[
    for path, ours, papers in Run.diff run Recipe.paperCifar10 -> $"{path}: {ours} | {papers}"
]
(*** include-it ***)
