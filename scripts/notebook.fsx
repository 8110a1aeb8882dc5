// What every literate notebook loads: ways to show charts, tables and pictures on a page.
#load "load.fsx"

open System.IO
open SimCLR

/// Where notebooks keep what they train.
let folder =
    Path.GetFullPath(Path.Combine(__SOURCE_DIRECTORY__, "..", "results", "notebooks"))

/// Runs silently, into the notebooks' own store.
let executor =
    { Executor.local with
        Observer = Observer.silent
    }
    |> Executor.storeIn (Path.Combine(folder, "runs"))

/// The page's first chart brings the library along, so that the page opens without a network.
let private library = lazy Html.library ()

/// A chart as HTML.
let chart chart =
    (if library.IsValueCreated then "" else library.Value) + Html.ofChart chart

/// A table as HTML.
let table table = Html.ofTable table

/// A picture as HTML.
let picture what path = Html.ofPicture what path
