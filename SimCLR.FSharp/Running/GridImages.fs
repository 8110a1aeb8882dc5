/// The images that a grid's runs need, while they need them.
module internal SimCLR.GridImages

open System

/// Of its training and its measurements.
let private imagesOf run =
    run.Images
    :: [
        for measurement in run.Evaluation.Measurements do
            match measurement with
            | Measurement.Transfer s -> s.Images
            | _ -> ()
    ]

/// Reads the images of all that is to be computed, those of measurements too: a data set that is missing is found before anything is
/// trained or written.
let load cancellation (grid: Grid) executor =
    Grid.runs grid
    |> List.filter (Executor.isKnown executor >> not)
    |> List.collect (fun run -> [ for images in imagesOf run -> { run with Run.Images = images } ])
    |> List.distinctBy _.Images
    |> List.iter (Executor.loadUnless cancellation executor >> ignore)

/// Gives images back that no run to come needs, once those that come next are others.
let releaser (grid: Grid) =
    let remaining =
        Collections.Generic.Dictionary(dict (Grid.runs grid |> List.collect imagesOf |> List.countBy id))

    fun run ->
        for images in imagesOf run do
            remaining[images] <- remaining[images] - 1

        let needed =
            [
                for entry in remaining do
                    if entry.Value > 0 then
                        entry.Key
            ]

        if not (needed.IsEmpty || List.contains run.Images needed) then
            Executor.release needed
