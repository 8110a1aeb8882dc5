/// Tables on a terminal.
module internal SimCLR.ConsoleTable

open Spectre.Console

let private column (title: string) isFirst =
    let column = TableColumn(Markup.Escape title)
    column.Alignment <- if isFirst then Justify.Left else Justify.Right
    column.NoWrap <- isFirst
    column

/// Rows under a header: ruled and fitted to the width of a terminal, as text elsewhere.
let write (console: IAnsiConsole) (table: SimCLR.Table) =
    if Terminal.isLive console then
        let shown = Spectre.Console.Table(Border = TableBorder.Rounded)
        shown.Title <- TableTitle(Markup.Escape table.Title)

        for i, title in List.indexed table.Columns do
            shown.AddColumn(column title (i = 0)) |> ignore

        for row in table.Rows do
            let cells: Rendering.IRenderable array =
                [|
                    for cell in row ->
                        match cell with
                        | TableCell.Failed _ -> Text(Table.cellText cell, Style(Color.Red))
                        | _ -> Text(Table.cellText cell)
                |]

            shown.AddRow cells |> ignore

        console.Write shown
        table.Notes |> List.iter console.WriteLine
    else
        console.Profile.Out.Writer.WriteLine(Table.toText table)
