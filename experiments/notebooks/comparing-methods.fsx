(**
# Comparing methods

SimCLR and what came after it are values of one field, `Run.Method`. A comparison is a grid over it; what it shows is told with its seeds, and is undecided where they do not decide.
*)
#load "../../scripts/notebook.fsx"

open System.Threading
open SimCLR

(**
## The grid

Every method trains the same encoder on the same images for the same epochs, with the head that its authors use (`Run.withMethod` sees to that). One learning rate for all is the weak point of
such a comparison.
*)
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

let methods =
    [ "SimCLR", Method.simClr; "VICReg", Method.vicReg; "BYOL", Method.byol ]

let grid =
    Grid.from baseline
    |> Grid.varyBy "method" Run.withMethod methods
    |> Grid.seeds [ 0; 1 ]

grid
(*** include-it ***)

(**
What differs between two of the runs:
*)
Run.diff baseline (Run.withMethod Method.byol baseline)
(*** include-it ***)

(**
## Results

Means and deviations over seeds; with three seeds or more intervals and paired differences from the first method, too.
*)
let results = grid |> Execution.execute CancellationToken.None Notebook.executor

results
(*** include-it ***)

(**
In the mean of two seeds six epochs leave the other two below the untrained encoder. Their views share the image's colours (docs/methods.md), and one rate is given to all.
`Preset.forMethods` and scripts/methods.fsx mend both, and experiments/methods trains longer.

## How each method does

A method tells more than its loss: how many dimensions the embeddings use, how far they spread, whether they collapse. An outcome shows these curves; here BYOL's, which has no negatives
to hold its embeddings apart.
*)
let outcomeOf name =
    Results.slice "method" (AxisValue.Text name) results
    |> Results.outcomes
    |> List.head
    |> snd

outcomeOf "BYOL"
(*** include-it ***)

(**
One figure of all methods, in one chart:
*)
let figure = "embedding deviation"

[
    for name, _ in methods do
        let points =
            [
                for point in (outcomeOf name).Curve do
                    match point.Figures |> Map.tryFind figure with
                    | Some value -> point.Epoch, value
                    | None -> ()
            ]

        if not points.IsEmpty then
            name, points
]
|> Plot.lines "epoch" figure
(*** include-it ***)
