namespace SimCLR

open System
open System.IO
open System.Reflection
open Giraffe.ViewEngine
open Plotly.NET

/// How values show themselves: as text at the prompt of F# Interactive, as HTML on a page and in a notebook of Jupyter. Nothing needs a network.
[<RequireQualifiedAccess>]
module Display =

    let private mostRows = 50

    let private html nodes = RenderView.AsString.htmlNodes nodes

    let private code value =
        pre [ _class "code" ] [ Giraffe.ViewEngine.HtmlElements.code [] [ str value ] ]

    /// A row per run: its coordinates and its hash.
    let private ofGrid (grid: Grid) =
        let rows =
            [
                for cell in List.truncate mostRows grid.Cells ->
                    [ for _, value in cell.Coordinates -> TableCell.Text(string value) ]
                    @ [ TableCell.Text(Run.hash cell.Run) ]
            ]

        let left = Grid.size grid - rows.Length

        {
            Title = $"{Grid.size grid} runs"
            Columns = grid.Axes @ [ "run" ]
            Rows = rows
            Notes =
                [
                    if left > 0 then
                        $"and {left} more"
                ]
        }

    /// The report's tables and charts.
    let private ofResults (results: Results) =
        if (Results.varied results).IsEmpty && not results.Cells.IsEmpty then
            [ Table.ranking [ Metric.linearTop1; Metric.knnTop1 ] results ], ReportPlots.ofResults results
        else
            Report.standardTables results, ReportPlots.ofResults results

    let private textOf (tables: Table list) =
        tables |> List.map Table.toText |> String.concat "\n"

    let private charts (named: (string * GenericChart) list) =
        [
            for title, chart in named do
                h4 [] [ str title ]
                rawText (Page.chartHtml chart)
        ]

    let private resultsHtml results =
        let tables, plots = ofResults results
        html (List.map Page.tableView tables @ charts plots)

    /// Pairs of views of generated images, below them the code.
    let private viewHtml (view: View) =
        let run =
            { Run.shapes with
                Images =
                    {
                        Source =
                            ImageSource.Shapes
                                {
                                    Train = 20
                                    Test = 10
                                    Size = max 32 (min 96 (View.outputSize 32 view))
                                }
                        TrainLimit = None
                    }
                ViewA = view
                ViewB = view
            }

        let sheet =
            if
                (View.problems "view" view).IsEmpty
                && (View.channelProblems 3 "view" view).IsEmpty
            then
                let path = Path.Combine(Path.GetTempPath(), $"simclr-{Guid.NewGuid():N}.png")

                try
                    Executor.writeViewSheet
                        path
                        run
                        { Executor.local with
                            Observer = ignore
                        }

                    [ Page.image "an image in each row, and pairs of its views" path ]
                finally
                    File.Delete path
            else
                []

        html (sheet @ [ code (Code.ofValue view) ])

    /// The curves of a training by name: the loss and what else tells how the method does.
    let private healthHtml (outcome: Outcome) =
        let figures =
            outcome.Curve
            |> List.collect (_.Figures >> Map.keys >> List.ofSeq)
            |> List.distinct

        let curve name =
            [
                for point in outcome.Curve do
                    match point.Figures |> Map.tryFind name with
                    | Some value when Double.IsFinite value -> point.Epoch, value
                    | _ -> ()
            ]

        html (
            p [] [ str outcome.Summary ]
            :: charts [ for name in figures -> name, Plot.lines "epoch" name [ name, curve name ] ]
        )

    /// A kind of value, what it is as text, and what as HTML.
    type private Shown =
        {
            Kind: Type
            /// 'T -> string
            Text: obj option
            Html: obj -> string
        }

    let private shown (text: ('T -> string) option) (html: 'T -> string) =
        {
            Kind = typeof<'T>
            Text = Option.map box text
            Html = fun value -> html (unbox<'T> value)
        }

    let private all =
        [
            shown (Some Run.toCode) (fun run -> html [ code (Run.toCode run) ])
            shown (Some(fun (view: View) -> Code.ofValue view)) viewHtml
            shown (Some(ofGrid >> Table.toText)) (ofGrid >> Html.ofTable)
            shown (Some(ofResults >> fst >> textOf)) resultsHtml
            shown (Some(fun (outcome: Outcome) -> outcome.Summary)) healthHtml
            shown (Some Table.toText) Html.ofTable
            shown None (fun (chart: GenericChart) -> Page.chartHtml chart)
        ]

    /// What a value looks like as HTML: a run and a view as code, a view with a contact sheet, a grid as a table, results as tables and charts, an outcome
    /// as the curves of its training, tables and charts as themselves. None for other values. Charts want the page to hold Html.library.
    let toHtml (value: obj) =
        all
        |> List.tryFind (fun shown -> shown.Kind.IsInstanceOfType value)
        |> Option.map (fun shown -> shown.Html value)

    let private loaded name =
        AppDomain.CurrentDomain.GetAssemblies()
        |> Array.tryFind (fun assembly -> assembly.GetName().Name = name)

    let private atPrompt (settings: Assembly) =
        let session =
            settings.GetType("FSharp.Compiler.Interactive.Settings").GetProperty("fsi").GetValue null

        let addPrinter = session.GetType().GetMethod "AddPrinter"

        for shown in all do
            shown.Text
            |> Option.iter (fun text -> addPrinter.MakeGenericMethod(shown.Kind).Invoke(session, [| text |]) |> ignore)

    /// The first chart of a notebook brings the library along.
    let mutable private hasLibrary = false

    let private withLibrary (page: string) =
        if hasLibrary || not (page.Contains "Plotly.newPlot") then
            page
        else
            hasLibrary <- true
            Html.library () + page

    let private inKernel (formatting: Assembly) =
        let formatter =
            formatting.GetType "Microsoft.DotNet.Interactive.Formatting.Formatter"

        let register =
            formatter.GetMethod("Register", [| typeof<Type>; typeof<Action<obj, TextWriter>>; typeof<string> |])

        let prefer =
            formatter.GetMethod("SetPreferredMimeTypesFor", [| typeof<Type>; typeof<string array> |])

        for shown in all do
            let write =
                Action<obj, TextWriter>(fun value writer -> writer.Write(withLibrary (shown.Html value)))

            register.Invoke(null, [| shown.Kind; write; "text/html" |]) |> ignore
            prefer.Invoke(null, [| shown.Kind; [| "text/html" |] |]) |> ignore

    /// Has F# Interactive and the .NET kernel of Jupyter, whichever runs this, show the values so.
    let register () =
        loaded "Microsoft.DotNet.Interactive.Formatting" |> Option.iter inKernel
        loaded "FSharp.Compiler.Interactive.Settings" |> Option.iter atPrompt
