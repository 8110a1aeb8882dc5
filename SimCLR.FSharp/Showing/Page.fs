/// The parts of a report's page.
module internal SimCLR.Page

open System
open System.IO
open Giraffe.ViewEngine
open Plotly.NET

let private resource (kind: Type) (ending: string) =
    let assembly = kind.Assembly
    let name = assembly.GetManifestResourceNames() |> Array.find _.EndsWith(ending)
    use stream = assembly.GetManifestResourceStream name
    use reader = new StreamReader(stream)
    reader.ReadToEnd()

/// The library that draws charts, as a page holds it, so that it opens without a network.
let plotly = lazy (resource typeof<GenericChart> ".min.js")

let note text = p [ _class "note" ] [ str text ]

/// A table and the notes below it, without its title.
let tableBody (table: Table) =
    let cell value =
        match value with
        | TableCell.Failed _ -> td [ _class "failed" ] [ str (Table.cellText value) ]
        | _ -> td [] [ str (Table.cellText value) ]

    [
        Giraffe.ViewEngine.HtmlElements.table
            [ _class "figures" ]
            [
                thead [] [ tr [] [ for column in table.Columns -> th [] [ str column ] ] ]
                tbody [] [ for row in table.Rows -> tr [] (List.map cell row) ]
            ]
        yield! List.map note table.Notes
    ]

let tableView (table: Table) =
    div [ _class "scroll" ] (h3 [] [ str table.Title ] :: tableBody table)

let private part title content =
    section [] (h2 [] [ str title ] :: content)

/// Before a chart's value is written it is looked for among those around it. Plotly.NET's compare by content, which took most of a report's time; by reference no loop is missed.
let private byReference =
    lazy (Globals.JSON_CONFIG.EqualityComparer <- System.Collections.Generic.ReferenceEqualityComparer.Instance)

/// A chart that the page's own library draws.
let chartHtml (chart: GenericChart) =
    byReference.Force()

    chart
    |> Chart.withDisplayOptionsStyle (PlotlyJSReference = NoReference)
    |> GenericChart.toChartHTML

let private chartView (title: string, chart: GenericChart) =
    [ h3 [] [ str title ]; rawText (chartHtml chart) ]

/// Two in a row; the last of an odd number takes a row of its own.
let chartsView charts =
    let isAlone i = i = List.length charts - 1 && i % 2 = 0

    div
        [ _class "plots" ]
        [
            for i, chart in List.indexed charts -> div (if isAlone i then [ _class "wide" ] else []) (chartView chart)
        ]

let image what (path: string) =
    let data = Convert.ToBase64String(File.ReadAllBytes path)
    img [ _class "picture"; _alt what; _src $"data:image/png;base64,{data}" ]

let legend classes =
    ul
        [ _class "legend" ]
        [
            for name, colour in classes -> li [] [ i [ _style $"background:{colour}" ] []; str name ]
        ]

/// Names and values.
let entries (named: (string * string) list) =
    dl
        []
        [
            for name, value in named do
                dt [] [ str name ]
                dd [] [ str value ]
        ]

/// A self-contained page of sections, each with its title; a browser loads it again after so many seconds.
let html (refresh: int option) (heading: string) (subtitle: string) sections =
    Giraffe.ViewEngine.HtmlElements.html
        [ _lang "en" ]
        [
            head
                []
                [
                    meta [ _charset "utf-8" ]
                    meta [ _name "viewport"; _content "width=device-width, initial-scale=1" ]

                    match refresh with
                    | Some seconds -> meta [ _httpEquiv "refresh"; _content $"{seconds}" ]
                    | None -> ()
                    title [] [ str heading ]
                    style [] [ rawText (resource typeof<Table> "Report.css") ]
                    script [] [ rawText plotly.Value ]
                ]
            body
                []
                [
                    main
                        []
                        [
                            header [] [ h1 [] [ str heading ]; p [] [ str subtitle ] ]
                            yield! sections |> List.map (fun (title, content) -> part title content)
                        ]
                ]
        ]
    |> RenderView.AsString.htmlDocument
