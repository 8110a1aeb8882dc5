namespace SimCLR

open Giraffe.ViewEngine
open Plotly.NET
open SimCLR.Core.Runtime

/// Tables, charts and pictures as HTML that needs no network: for notebooks, and for pages of one's own.
[<RequireQualifiedAccess>]
module Html =

    let private text nodes = RenderView.AsString.htmlNodes nodes

    /// A table, with its notes below it.
    let ofTable table = text (Page.tableBody table)

    /// A picture of a file, which the page then holds.
    let ofPicture what path = text [ Page.image what path ]

    /// The library that draws charts, once for a page: a script of some megabytes.
    let library () =
        text [ script [] [ rawText Page.plotly.Value ] ]

    /// A chart; the page must hold the library.
    let ofChart (chart: GenericChart) = Page.chartHtml chart

    /// Writes a page with a chart, which opens without a network.
    let saveChart (path: string) title (chart: GenericChart) =
        AtomicFile.WriteText(path, Page.html None title "" [ "", [ Page.chartsView [ "", chart ] ] ])
