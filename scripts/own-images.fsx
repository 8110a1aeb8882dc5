// Images of one's own (own/sqlite.fsx): a table of an SQLite file, by temperature. The file is made of generated images where it is not there.
//
// COMMAND  ./simclr run scripts/own-images.fsx
//          ./simclr run scripts/own-images.fsx --workers 2
// EXPECT   6 runs on generated images, some minutes on two cores without a GPU.
#load "load.fsx"
#load "own/sqlite.fsx"

open System.IO
open SimCLR
open SimCLR.Core.Images
open SimCLR.Core.Runtime

let sweep = Sweep.fromArgs "own-images" Load.arguments
let path = Path.Combine(sweep.Executor.DataRoot, "own-images.db")

let file =
    lazy
        (if not (File.Exists path) then
             LibTorch.Load() |> ignore
             use splits = Shapes(2000, 500, 32).Load()
             Sqlite.write path splits

         path)

let classes = [ for i in 0..9 -> $"shape {i}" ]
let images = Sqlite.images "shapes-in-sqlite" classes file []

let onImages (run: Run) =
    run
    |> Run.withImages
        { run.Images with
            Source = images.Source
        }
    |> Run.withViews (run.ViewA |> View.withSize 32)

Grid.from (onImages sweep.Baseline)
|> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.5; 1.0 ]
|> Grid.seeds sweep.Seeds
|> Sweep.main sweep
