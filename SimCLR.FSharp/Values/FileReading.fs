namespace SimCLR

/// How the image files of a folder are read.
type FileReading =
    {
        /// Whether folders are classes; if not, images of any folders below are read, without labels.
        [<Neutral "true">]
        Labelled: bool
        /// 1: gray; 2: gray and opacity; 3: colour; 4: colour and opacity. Files with as many bands are taken as they are, others are
        /// converted. More: the files must have as many bands.
        [<Neutral "3">]
        Channels: int
        /// Bits of each number that are kept, 8 or 16.
        [<Neutral "8">]
        Bits: int
        /// Numbers of the files that become 0 and 1; None: 0 and the largest of the files' depth.
        Range: (float * float) option
        /// Whether the camera's orientation is followed.
        [<Neutral "false">]
        FollowOrientation: bool
        /// Whether images are kept whole, their shorter sides resized to the size: crops are then of all of an image. What measures sees the square at its centre.
        [<Neutral "false">]
        Whole: bool
    }

/// How image files are read.
[<RequireQualifiedAccess>]
module FileReading =

    /// With labels, as colour of 8 bits, as torchvision's loader.
    let colour =
        {
            Labelled = true
            Channels = 3
            Bits = 8
            Range = None
            FollowOrientation = false
            Whole = false
        }

    let internal problems field reading =
        [
            yield! Check.between $"{field}.Channels" 1 64 reading.Channels

            if reading.Bits <> 8 && reading.Bits <> 16 then
                $"{field}.Bits is {reading.Bits}; use 8 or 16."

            match reading.Range with
            | Some(low, high) when not (low >= 0.0 && high <= 65535.0 && low < high) ->
                $"{field}.Range is {low} to {high}; use two numbers from 0 to 65535, the smaller one first."
            | _ -> ()
        ]
