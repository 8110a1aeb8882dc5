module SimCLR.Tests.DisplayTests

open System.Text.RegularExpressions
open System.Threading
open SimCLR
open SimCLR.Tests
open Xunit

let private html value =
    Display.toHtml (box value)
    |> Option.defaultWith (fun () -> failwith $"{value.GetType()} is not shown")

let private results folder =
    let grid =
        Grid.from Samples.tiny
        |> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.5 ]

    let executor =
        { Executor.local with
            Device = Cpu
            Store = Store.ofFolder folder
            Observer = Observer.silent
        }

    grid, Execution.execute CancellationToken.None executor grid

[<Fact>]
let A_run_shows_its_code () =
    let page = html Run.shapes
    Assert.Contains("Encoder = Encoder.SmallConv [ 32; 64; 128 ]", page)
    Assert.Contains("<pre", page)

[<Fact>]
let A_view_shows_pictures_of_pairs_and_its_code () =
    let page = html Views.paperCifar10
    Assert.Contains("<img", page)
    Assert.Contains("data:image/png;base64,", page)
    Assert.Contains("View.Flip 0.5", page)

[<Fact>]
let A_view_that_colour_images_do_not_fit_shows_its_code_alone () =
    let page = html (View.crop 32 >-> View.normalize [ 0.5 ] [ 0.2 ])
    Assert.DoesNotContain("<img", page)
    Assert.Contains("View.Normalize", page)

[<Fact>]
let A_grid_shows_a_row_for_each_run () =
    let grid = Grid.from Run.shapes |> Grid.seeds [ 0..60 ]
    let page = html grid
    Assert.Equal(51, Regex.Count(page, "<tr>"))
    Assert.Contains(Run.hash (Grid.runs grid).Head, page)
    Assert.Contains("and 11 more", page)

[<Fact>]
let Results_show_tables_and_charts_and_an_outcome_the_curves_of_its_training () =
    Samples.withFolder (fun folder ->
        let grid, results = results folder
        let page = html results
        Assert.Contains("<th>temperature</th>", page)
        Assert.True(Regex.Count(page, "Plotly\\.newPlot") >= 2)

        let outcome = Results.outcomes results |> List.head |> snd
        let page = html outcome
        let figures = outcome.Curve.Head.Figures.Count
        Assert.True(figures > 2)
        Assert.Equal(figures, Regex.Count(page, "Plotly\\.newPlot"))
        Assert.Contains("contrastive top-1", page)

        // A single run has no axis to be shown along.
        let one =
            { results with
                Cells = [ results.Cells.Head ]
            }

        Assert.Contains("<td", html one)
        Assert.Contains("Plotly.newPlot", html (Plot.curves "temperature" results))
        Assert.Contains("<th>temperature</th>", html (Table.summary "temperature" [ Metric.linearTop1 ] results))
        Assert.Equal(2, Grid.size grid))

[<Fact>]
let Nothing_shown_needs_a_network () =
    Samples.withFolder (fun folder ->
        let _, results = results folder

        for page in [ html results; html Run.shapes; html Views.paperCifar10; Html.library () ] do
            Assert.DoesNotContain("<script src", page)
            Assert.DoesNotContain("cdn.plot.ly/plotly-", page.Substring(0, min 2000 page.Length)))

[<Fact>]
let Other_values_are_left_to_whoever_shows_them () =
    Assert.Equal(None, Display.toHtml (box 3))
    Assert.Equal(None, Display.toHtml (box "text"))
