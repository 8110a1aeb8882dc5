(**
# Exploring a stored sweep

A sweep leaves its outcomes in a store: a folder per training, named by the hash of what decides the weights, with what was measured of it. Tables, plots and comparisons are queries over it; nothing is trained twice.
*)
#load "../../scripts/notebook.fsx"

open System.Threading
open SimCLR

(**
## A small sweep

Temperatures and seeds, on few images. The first time the runs are trained, which takes two minutes or so; after that they come from the store.
*)
let baseline =
    { Run.shapes with
        Images =
            {
                Source = ImageSource.Shapes { Train = 2000; Test = 1000; Size = 32 }
                TrainLimit = None
            }
    }

let grid =
    Grid.from baseline
    |> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.2; 0.5 ]
    |> Grid.seeds [ 0; 1 ]

let results = grid |> Execution.execute CancellationToken.None Notebook.executor

results.Cells
|> List.map (fun cell -> Grid.label cell.Cell, Run.hash cell.Cell.Run)
(*** include-it ***)

(**
## Tables

Means and deviations over the seeds. Where other axes vary too, a mean is shown with the range of its settings: a deviation is of seeds only.
*)
results
|> Table.summary
    "temperature"
    [
        Metric.linearTop1Untrained
        Metric.linearTop1
        Metric.knnTop1
        Metric.entropy
        Metric.contrastiveTop1
    ]
(*** include-it ***)

(**
The same table goes to Markdown, LaTeX or CSV.
*)
results
|> Table.summary "temperature" [ Metric.linearTop1; Metric.entropy ]
|> Table.toLatex
|> printfn "%s"
(*** include-output ***)

(**
## Plots
*)
Plot.metric "temperature" Metric.linearTop1 results
(*** include-it ***)

Plot.curves "temperature" results
(*** include-it ***)

(**
## Beside the paper

A small run cannot reach the paper's numbers; what it can show is their order. The verdict is that it agrees, contradicts, or is undecided: the interval over seeds of the
difference that decides must not hold 0. The rank correlation says how far the orders go together, and how often chance would do as well.
*)
let comparison =
    let published =
        Paper.table5Entropy |> Published.slice "normalized" (AxisValue.Text "yes")

    results |> Comparison.means Metric.entropy published

comparison |> Comparison.table
(*** include-it ***)

Comparison.verdict comparison
(*** include-it ***)

(**
## The store itself

Every stored run can be found without its grid: this asks for the best probe of all runs in the store, as validation images see it; what was chosen is
judged on the test images.
*)
Store.all ignore Notebook.executor.Store
|> List.sortByDescending (fun (_, outcome) -> outcome.LinearValidationTop1)
|> List.truncate 3
|> List.map (fun (run, outcome) ->
    $"{Run.hash run}: temperature {Loss.temperature run.Loss |> Option.get}, seed {run.Seed}, validation {100.0 * outcome.LinearValidationTop1:F1} %%, test {100.0 * outcome.LinearTop1:F1} %%")
(*** include-it ***)
