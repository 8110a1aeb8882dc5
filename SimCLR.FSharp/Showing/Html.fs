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

    /// The library that draws charts; Jupyter's own loader of modules does not see it.
    let private ofPage () =
        "(function(define, module, exports) {\n"
        + Page.plotly.Value
        + "\n}).call(window);\n"

    /// The library that draws charts, once for a page: a script of some megabytes.
    let library () =
        text [ script [] [ rawText (ofPage ()) ] ]

    /// The same as a file, which pages load.
    let saveLibrary (path: string) = AtomicFile.WriteText(path, ofPage ())

    /// A chart; the page must hold the library.
    let ofChart (chart: GenericChart) = Page.chartHtml chart

    /// Writes a page with a chart, which opens without a network.
    let saveChart (path: string) title (chart: GenericChart) =
        AtomicFile.WriteText(path, Page.html None title "" [ "", [ Page.chartsView [ "", chart ] ] ])
