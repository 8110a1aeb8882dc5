// What every literate notebook loads, in F# Interactive, on a rendered page and in Jupyter: values show themselves (SimCLR.Display).
#I "../SimCLR.FSharp/bin"
#I "unbuilt"
#load "newest.fsx"

open System.IO
open SimCLR

/// Where notebooks keep what they train.
let folder =
    Path.GetFullPath(Path.Combine(__SOURCE_DIRECTORY__, "..", "results", "notebooks"))

#if HAS_FSI_ADDHTMLPRINTER
// Beside the pages, which all load it.
Html.saveLibrary (Path.Combine(folder, "plotly.min.js"))

let private html value =
    let page = Display.toHtml (box value) |> Option.defaultValue ""
    Seq.empty<string * string>, $"<div class=\"shown\">{page}</div>"

fsi.AddHtmlPrinter(fun (value: Run) -> html value)
fsi.AddHtmlPrinter(fun (value: View) -> html value)
fsi.AddHtmlPrinter(fun (value: Grid) -> html value)
fsi.AddHtmlPrinter(fun (value: Results) -> html value)
fsi.AddHtmlPrinter(fun (value: Outcome) -> html value)
fsi.AddHtmlPrinter(fun (value: Table) -> html value)
fsi.AddHtmlPrinter(fun (value: Plotly.NET.GenericChart) -> html value)
#endif


/// Runs silently, into the notebooks' own store.
let executor =
    { Executor.local with
        Observer = Observer.silent
    }
    |> Executor.storeIn (Path.Combine(folder, "runs"))
