namespace SimCLR

open SimCLR.Core.Evaluation
open TorchSharp

/// Representations h of images as numbers, with their labels. It lasts as long as the measurement that is given it.
[<Sealed>]
type FeatureTable internal (owner: string, h: torch.Tensor, labels: torch.Tensor option) =

    let row (index: int) =
        use row = h.select (0L, int64 index)
        row.data<float32>().ToArray()

    let rows = lazy (Array.init (int h.shape[0]) row)

    /// How many images.
    member _.Count = int h.shape[0]

    /// The length of h.
    member _.Size = int h.shape[1]

    /// h of an image, counted from 0.
    member _.Row(index: int) : float32[] = row index

    /// h of all images, copied once: 4 bytes for each number.
    member _.Rows: float32[][] = rows.Value

    /// The class of each image; raises WrongValueException where the measurement is not defined with needsLabels, or images show several classes.
    member _.Labels: int[] =
        match labels with
        | None -> wrongValue $"The measurement '{owner}' reads labels; define it with needsLabels = true."
        | Some labels when labels.dim () > 1L ->
            wrongValue
                $"The measurement '{owner}' reads one label of each image, but these images show several classes."
        | Some labels -> labels.data<int64>().ToArray() |> Array.map int

[<RequireQualifiedAccess>]
module internal FeatureTable =

    let ofFeatures owner needsLabels (features: Features) =
        let labels =
            if needsLabels then
                Some(features.Labels.cpu().contiguous())
            else
                None

        FeatureTable(owner, features.H.cpu().contiguous(), labels)
