// What every literate notebook loads: ways to show charts, tables and pictures on a page.
#load "load.fsx"

open System
open System.IO
open System.Net
open Plotly.NET
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

/// The page's first chart brings Plotly along, so that it opens without a network.
let private plotly =
    lazy
        (let assembly = typeof<GenericChart>.Assembly

         let name =
             assembly.GetManifestResourceNames()
             |> Array.find (fun name -> name.EndsWith ".min.js")

         use stream = assembly.GetManifestResourceStream name
         use reader = new StreamReader(stream)
         $"<script>{reader.ReadToEnd()}</script>")

/// A chart as HTML.
let chart (chart: GenericChart) =
    let library = if plotly.IsValueCreated then "" else plotly.Value

    library
    + (chart
       |> Chart.withDisplayOptionsStyle (PlotlyJSReference = NoReference)
       |> GenericChart.toChartHTML)

/// A table as HTML.
let table (table: Table) =
    let row tag cells =
        let cells =
            cells
            |> List.map (fun (text: string) -> $"<{tag}>{WebUtility.HtmlEncode text}</{tag}>")

        "<tr>" + String.concat "" cells + "</tr>"

    let rows =
        row "th" table.Columns
        :: [ for cells in table.Rows -> row "td" (List.map Table.cellText cells) ]

    let notes = [ for note in table.Notes -> $"<p>{WebUtility.HtmlEncode note}</p>" ]

    "<table class=\"figures\">"
    + String.concat "" rows
    + "</table>"
    + String.concat "" notes

/// A picture as HTML.
let picture what (path: string) =
    let data = Convert.ToBase64String(File.ReadAllBytes path)
    $"<img class=\"picture\" alt=\"{what}\" src=\"data:image/png;base64,{data}\">"
